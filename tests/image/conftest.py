"""The built image, and all of Picus around it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.dynamodb import CREDENTIALS, free_port, wait_for
from tests.image.engine import Container, Engine, engine
from tests.stack import running_stack


@dataclass
class Service:
    """The image as a server on a loopback port."""

    container: Container
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def image() -> Iterator[Engine]:
    """What runs the image."""
    with engine() as found:
        yield found


@pytest.fixture(scope="session")
def table(image: Engine, dynamodb_url: str) -> Mapping[str, str]:
    """The variables that lead to a table, which the image made as an operator would have it do."""
    variables = {"DYNAMODB_TABLE_NAME": "picus_image", "DYNAMODB_ENDPOINT_URL": dynamodb_url, **CREDENTIALS}
    made = image.run("python3", "manage.py", "create_table", **variables)
    assert made.returncode == 0, made.stdout
    return variables


@pytest.fixture
def service(image: Engine, table: Mapping[str, str]) -> Iterator[Service]:
    """A server of a test's own."""
    port = free_port()
    settings = {"ALLOWED_HOSTS": "127.0.0.1", "BIND_HOST": "127.0.0.1", "PORT": str(port)}
    with image.started(**table, **settings) as container:
        wait_for(f"http://127.0.0.1:{port}/__lbheartbeat__", container.process)
        yield Service(container, port)


@pytest.fixture
def domain(service: Service, table: Mapping[str, str]) -> Iterator[str]:
    """The address of a local stack whose service is the image."""
    with running_stack(**table, SERVICE_ADDRESS=f"127.0.0.1:{service.port}") as url:
        yield url
