"""The built image, and a local stack that uses it as the service."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.dynamodb import CREDENTIALS, free_port, wait_for
from tests.ecs.image.engine import Container, Engine, available_engine
from tests.stack import ANONYMOUS_SCOPES, TOKEN_FOR_ALL, WITH_TOKEN, running_stack


@dataclass
class RunningImage:
    """A running image on a loopback port."""

    container: Container
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def image() -> Iterator[Engine]:
    """Return the engine with the image."""
    with available_engine() as found:
        yield found


@pytest.fixture(scope="session")
def table_variables(image: Engine, dynamodb_url: str) -> Mapping[str, str]:
    """Return the variables for a table that a command in the image created."""
    variables = {"DYNAMODB_TABLE_NAME": "picus_image", "DYNAMODB_ENDPOINT_URL": dynamodb_url, **CREDENTIALS}
    made = image.run("python3", "manage.py", "create_table", **variables)
    assert made.returncode == 0, made.stdout
    return variables


@pytest.fixture
def service(image: Engine, table_variables: Mapping[str, str]) -> Iterator[RunningImage]:
    """Run a server for one test."""
    port = free_port()
    settings = {"ALLOWED_HOSTS": "127.0.0.1", "BIND_HOST": "127.0.0.1", "PORT": str(port)}
    settings |= {"ANONYMOUS_SCOPES": ANONYMOUS_SCOPES, "SECURE_COOKIES": "off"}
    with image.started(**table_variables, **settings) as container:
        wait_for(f"http://127.0.0.1:{port}/__lbheartbeat__", container.process)
        yield RunningImage(container, port)


@pytest.fixture
def contract_variables(
    image: Engine, service: RunningImage, table_variables: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Return the variables of the contract suite for a local stack whose service is the image."""
    token = ""
    if WITH_TOKEN:
        made = image.run("python3", "manage.py", *TOKEN_FOR_ALL, **table_variables)
        assert made.returncode == 0, made.stdout
        [token] = [line for line in made.stdout.splitlines() if line.startswith("picus_")]  # logs are beside it
    settings = {"ANONYMOUS_SCOPES": ANONYMOUS_SCOPES, "SERVICE_ADDRESS": f"127.0.0.1:{service.port}"}
    with running_stack(**table_variables, **settings) as url:
        yield {"PICUS_BASE_URL": url, "PICUS_TOKEN": token}
