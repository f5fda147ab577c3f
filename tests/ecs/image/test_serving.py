"""The running image: with its user and command, on a read-only root file system."""

import json
import os
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

from tests.dynamodb import ROOT
from tests.ecs.image.conftest import RunningImage
from tests.ecs.image.engine import Engine

# Seconds in which a server that does not wait for its requests would have stopped.
STOP_SECONDS = 2.0


def test_contract_holds_with_the_image_as_the_service(contract_variables: dict[str, str]) -> None:
    suite = [sys.executable, "-m", "pytest", "-q", "tests/contract"]
    ended = subprocess.run(suite, cwd=ROOT, env=os.environ | contract_variables, check=False)
    assert ended.returncode == 0


def test_version_shows_the_commit_of_the_build(service: RunningImage) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True)
    with urlopen(f"{service.url}/__version__") as response:
        version = json.load(response)
    assert version.keys() == {"version", "commit", "source", "build"}
    assert version["commit"] == (head.stdout.strip() or "unknown")  # without git the commit is unknown


def test_sigterm_lets_a_request_end_first(service: RunningImage) -> None:
    body = b'{"name": "x"}'
    head = "POST /picus/put HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as sock:
        sock.sendall(f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert b" 100 " in sock.recv(1024)
        service.container.terminate()
        time.sleep(STOP_SECONDS)
        assert service.container.process.poll() is None
        sock.sendall(body)
        assert sock.recv(1024).startswith(b"HTTP/1.1 201 ")
    assert service.container.process.wait(timeout=60) == 0


def test_health_check_fails_after_the_server_stopped(image: Engine, service: RunningImage) -> None:
    kind, *command = image.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert image.run(*command, PORT=str(service.port)).returncode == 0
    service.container.terminate()
    service.container.process.wait(timeout=60)
    assert image.run(*command, PORT=str(service.port)).returncode != 0


def test_missing_table_name_ends_it_with_one_line(image: Engine) -> None:
    ended = image.run()
    assert ended.returncode != 0
    assert ended.stdout.splitlines() == ["picus: DYNAMODB_TABLE_NAME is not set."]
