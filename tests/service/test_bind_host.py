"""BIND_HOST: the addresses that gunicorn listens on (gunicorn.conf.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.dynamodb import CREDENTIALS
from tests.service.conftest import gunicorn
from tests.service.http_cases import exchange, statuses
from tests.service.raw_socket import PROBE

UNUSED = {"DYNAMODB_TABLE_NAME": "unused", "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:9"}


@pytest.mark.parametrize("host", ["::", "[::]", "0:0:0:0:0:0:0:0", "0.0.0.0", "localhost", ""])
def test_the_service_listens(host: str) -> None:
    with gunicorn(BIND_HOST=host, **UNUSED) as client:
        assert statuses(exchange(client, PROBE)) == [200]
        if ":" in host:
            port = client.host.rpartition(":")[2]
            assert statuses(exchange(Client(f"http://[::1]:{port}"), PROBE)) == [200]


def test_an_ipv6_client_may_name_the_address() -> None:
    with gunicorn(BIND_HOST="::", ALLOWED_HOSTS="[::1],127.0.0.1", **UNUSED) as client:
        address = Client(f"http://[::1]:{client.host.rpartition(':')[2]}")
        assert address.request("GET", "/").status == 200


@pytest.mark.parametrize("host", ["::g", "[::1", "127.0.0.1:80", "203.0.113.1", "no such host", "unix:/tmp/x", "*"])
def test_a_wrong_address_is_an_error_that_names_it(host: str) -> None:
    command = [str(Path(sys.executable).with_name("gunicorn")), "-c", "gunicorn.conf.py", "picus_project.wsgi"]
    environment = {**CREDENTIALS, **UNUSED, "BIND_HOST": host, "PATH": ""}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode != 0
    message = f"picus: BIND_HOST must be an address or a host name of this machine, not {host!r}."
    assert result.stderr.splitlines() == [message]
