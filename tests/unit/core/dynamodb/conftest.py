"""A transport with short timeouts, and nothing of the machine's own settings."""

import os
from collections.abc import Callable, Iterator

import pytest

from picus_api.core.dynamodb.retry import Limits
from picus_api.core.dynamodb.transport import Transport, create_transport

# Short enough for a test, long enough for a busy machine.
QUICK = Limits(connect_timeout=5.0, read_timeout=5.0, deadline=30.0, base_delay=0.002, throttled_delay=0.005)

Make = Callable[..., Transport]


@pytest.fixture(autouse=True)
def aws_variables(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Set credentials and region, and remove the machine's own AWS settings."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "REQUESTS_CA"))]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    settings = {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def make_transport() -> Iterator[Make]:
    """Return a function that makes transports; they are closed after the test."""
    made = []

    def make(url: str, limits: Limits = QUICK, size: int = 32) -> Transport:
        made.append(create_transport(url, limits=limits, size=size))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
