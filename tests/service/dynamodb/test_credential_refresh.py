"""The refresh of credentials under load, and sources that fail."""

import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from botocore.exceptions import CredentialRetrievalError
from botocore.utils import ContainerMetadataFetcher

from picus_api.core.dynamodb import credentials
from picus_api.core.dynamodb.credentials import CredentialProvider
from picus_api.core.dynamodb.dynamodb_errors import ServiceError
from tests.http_server import Request, Server, dynamodb_response, error, replies, until
from tests.service.dynamodb.conftest import Make


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class TaskRole:
    """The credentials endpoint of an ECS task, and a DynamoDB that refuses what has expired or was revoked.

    `lifetime`: of the credentials, in seconds.
    """

    def __init__(self, lifetime: float) -> None:
        self.lifetime = lifetime
        self.expiry: dict[str, float] = {}  # by access key
        self.issued = 0
        self.refused = 0
        self.used: set[str] = set()
        self.lock = threading.Lock()

    def issue(self, connection: socket.socket) -> None:
        with self.lock:
            self.issued += 1
            key = f"AK{self.issued}"
            self.expiry[key] = time.time() + self.lifetime
        body = {
            "AccessKeyId": key,
            "SecretAccessKey": "secret",
            "Token": f"token of {key}",
            "Expiration": iso(self.expiry[key]),
        }
        # The server closes each connection. Unless it says so, botocore uses the connection again, and sleeps for a
        # second when that fails.
        connection.sendall(dynamodb_response(200, json.dumps(body).encode(), "Connection: close", crc=False))

    def dynamodb(self, connection: socket.socket, request: Request) -> bool:
        found = re.search("Credential=([^/]+)/", request.headers["authorization"])
        assert found
        key = found[1]
        assert request.headers["x-amz-security-token"] == f"token of {key}"
        with self.lock:
            self.used.add(key)
            if self.expiry[key] > time.time():
                reply = dynamodb_response(200, b"{}")
            else:
                self.refused += 1
                reply = error("ExpiredTokenException", "The security token included in the request is expired")
        connection.sendall(reply)
        return True


class CredentialsEndpoint:
    """A minimal HTTP server for GET: botocore's own client asks it. While ``silent`` is set it takes no request."""

    def __init__(self, role: TaskRole) -> None:
        self.role = role
        self.silent = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/role"
        self.thread = threading.Thread(target=self.serve)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                if not self.silent.is_set() and connection.recv(65536):
                    self.role.issue(connection)
                while self.silent.is_set():
                    time.sleep(0.01)

    def __enter__(self) -> "CredentialsEndpoint":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.listener.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore ask a failing endpoint again after 0.2 s instead of a second."""
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0.2)


@pytest.fixture
def task_role(monkeypatch: pytest.MonkeyPatch) -> TaskRole:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    return TaskRole(lifetime=2.0)


def test_credentials_expire_under_load_unnoticed(
    task_role: TaskRole, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials last 4 s, and 8 threads send for 5 s: all requests succeed at once, with valid credentials."""
    # More than the second for which a signature's parts are used, less than the life.
    monkeypatch.setattr(credentials, "EXPIRY_MARGIN", 2.0)
    task_role.lifetime = 4.0
    monkeypatch.setattr(credentials, "RENEWAL_PAUSE", 0.2)
    with CredentialsEndpoint(task_role) as endpoint, Server(task_role.dynamodb) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        transport = make_transport(server.url)
        stop = time.monotonic() + 5

        def work(_: int) -> int:
            count = 0
            while time.monotonic() < stop:
                assert transport.call("GetItem", {}).attempts == 1
                count += 1
            return count

        with ThreadPoolExecutor(8) as threads:
            calls = sum(threads.map(work, range(8)))
    assert task_role.refused == 0
    assert calls == len(server.requests) > 100
    assert len(task_role.used) >= 3


def test_no_request_waits_for_refresh_before_expiry(
    task_role: TaskRole, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials last 8 minutes, and their source does not respond: botocore's own refresh would block all threads."""
    task_role.lifetime = 480
    monkeypatch.setattr(credentials, "RENEWAL_PAUSE", 0.1)
    with CredentialsEndpoint(task_role) as endpoint, Server(task_role.dynamodb) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        transport = make_transport(server.url)
        transport.call("GetItem", {})
        endpoint.silent.set()
        stop = time.monotonic() + 2.5

        def longest(_: int) -> float:
            longest = 0.0
            while (started := time.monotonic()) < stop:
                transport.call("GetItem", {})
                longest = max(longest, time.monotonic() - started)
            return longest

        with ThreadPoolExecutor(8) as threads:
            assert max(threads.map(longest, range(8))) < 1
        endpoint.silent.clear()
        # The refresh that hung was repeated by botocore, and its outcome is used.
        until(lambda: bool(transport.call("GetItem", {})) and last_access_key(server) != "AK1", 15)


def last_access_key(server: Server) -> str:
    """Return the access key that signed the last request."""
    found = re.search("Credential=([^/]+)/", server.requests[-1].headers["authorization"])
    assert found
    return found[1]


def test_expired_credentials_fail_all_waiting_threads_at_once(
    task_role: TaskRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failing refresh serves all threads that wait for it."""
    monkeypatch.setattr(credentials, "EXPIRY_MARGIN", 0.0)
    task_role.lifetime = 0.5
    with CredentialsEndpoint(task_role) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        provider = CredentialProvider()
        provider.current()
    time.sleep(0.6)

    def fail(_: int) -> bool:
        with pytest.raises(CredentialRetrievalError):
            provider.current()
        return True

    started = time.monotonic()
    fail(0)
    alone = time.monotonic() - started
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(fail, range(8)))
    assert time.monotonic() - started < alone * 6


def test_revoked_credentials_are_renewed(
    task_role: TaskRole, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB refuses credentials before their expiry: all threads continue with the same new credentials."""
    task_role.lifetime = 3600
    with CredentialsEndpoint(task_role) as endpoint, Server(task_role.dynamodb) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        transport = make_transport(server.url)
        assert transport.call("GetItem", {}).attempts == 1
        task_role.expiry["AK1"] = 0.0
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda _: transport.call("GetItem", {}), range(8)))
        assert {each.attempts for each in results} <= {1, 2}
        assert task_role.issued == 2

        task_role.expiry["AK2"] = 0.0  # Again at once: a second renewal must not follow.
        with pytest.raises(ServiceError) as refused:
            transport.call("GetItem", {})
        assert refused.value.code == "ExpiredTokenException"
        assert task_role.issued == 2


def test_failed_renewal_raises_the_refusal(
    task_role: TaskRole, make_transport: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_role.lifetime = 3600
    with Server(task_role.dynamodb) as server:
        with CredentialsEndpoint(task_role) as endpoint:
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
            transport = make_transport(server.url)
            transport.call("GetItem", {})
        task_role.expiry["AK1"] = 0.0
        with pytest.raises(ServiceError) as refused:
            transport.call("GetItem", {})
        assert refused.value.code == "ExpiredTokenException"


def test_role_with_expired_credentials_is_an_error(task_role: TaskRole, monkeypatch: pytest.MonkeyPatch) -> None:
    task_role.lifetime = -10
    with CredentialsEndpoint(task_role) as endpoint:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url)
        with pytest.raises(CredentialRetrievalError, match="still expired"):
            CredentialProvider().current()


def test_bad_credentials_are_an_error(make_transport: Make) -> None:
    refusal = error("UnrecognizedClientException", "The security token included in the request is invalid.")
    with Server(replies(refusal)) as server:
        with pytest.raises(ServiceError) as refused:
            make_transport(server.url).call("GetItem", {})
        assert (refused.value.code, len(server.requests)) == ("UnrecognizedClientException", 1)


def test_waiting_threads_share_failure_of_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/role"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    provider = CredentialProvider()
    started = time.monotonic()

    def fail(_: int) -> bool:
        with pytest.raises(CredentialRetrievalError):
            provider.current()
        return True

    fail(0)
    alone = time.monotonic() - started
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(fail, range(8)))
    assert time.monotonic() - started < alone * 6
