"""`manage.py serve` as a process: what it starts and prints, and that it leaves no process behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.dynamodb import ROOT
from tests.local.test_distribution import changed
from tests.stack import Stack, alive, children, clean_environment, launched, listening, wait_until_gone

# 127.0.0.1 as /proc/net/tcp has it.
LOOPBACK = f"{int.from_bytes(socket.inet_aton('127.0.0.1'), sys.byteorder):08X}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for the tests that leave it running."""
    with launched(tmp_path_factory.mktemp("stack")) as running:
        running.wait_until_announced()
        yield running
        assert running.stop() == 0, running.output


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def put(url: str) -> str:
    status, body = call("POST", f"{url}/picus/put", b'{"name": "x"}', **{"Content-Type": "application/json"})
    assert status == 201, body
    key: str = json.loads(body)["object_id"]
    return key


def descendants(stack: Stack) -> list[int]:
    """Return the pids of the stack's children and grandchildren."""
    first = list(children(stack.process.pid))
    return [*first, *(pid for child in first for pid in children(child))]


def child(stack: Stack, words: str) -> int:
    found = [pid for pid, command in children(stack.process.pid).items() if words in command]
    assert len(found) == 1, children(stack.process.pid)
    return found[0]


def assert_ended(stack: Stack, status: int, *words: str) -> None:
    """Check that the stack ended with this status and printed one line with these words, without a traceback."""
    assert stack.wait() == status, stack.output
    lines = [line for line in stack.output.splitlines() if line.startswith("picus: ")]
    assert len(lines) == 1, stack.output
    assert all(word in lines[0] for word in words), lines
    assert "Traceback" not in stack.output


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl to paste into")
def test_printed_commands_work_when_pasted(stack: Stack) -> None:
    pasted = [line for line in stack.output.splitlines() if re.match(r"  (curl|key=)", line)]
    assert len(pasted) == 4
    result = subprocess.run(["sh", "-c", "\n".join(pasted)], check=False, capture_output=True, text=True)
    assert re.search(r'\{"object_id": *"[0-9a-f-]{36}".*"value": *1\.1\}', result.stdout), result
    assert "deleted successfully" in result.stdout


def test_each_path_is_served_by_its_compute(stack: Stack) -> None:
    key = put(stack.url)
    assert call("GET", f"{stack.url}/picus/get/{key}")[0] == 200
    assert call("DELETE", f"{stack.url}/picus/{key}") == (
        200,
        json.dumps({"message": f'Item with key "{key}" deleted successfully'}),
    )
    assert call("GET", f"{stack.url}/picus/get/{key}")[0] == 404
    assert key not in call("GET", f"{stack.url}/picus/list")[1]


def test_version_is_the_commit(stack: Stack) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True)
    if head.returncode:
        pytest.skip("this is no repository")
    assert json.loads(call("GET", f"{stack.url}/__version__")[1])["commit"] == head.stdout.strip()


def test_it_listens_on_loopback_only(stack: Stack) -> None:
    addresses = {address for pid in (stack.process.pid, *descendants(stack)) for address in listening(pid)}
    assert len(addresses) == 5  # the edge, the load balancer, the service, the gateway, DynamoDB
    assert {address for address, _ in addresses} == {LOOPBACK}


def test_origins_reject_requests_that_bypass_the_edge(stack: Stack) -> None:
    balancer = next(port for _, port in listening(stack.process.pid) if port != int(stack.port))
    gateway = listening(child(stack, "picus_project.local.api_gateway"))[0][1]
    assert call("GET", f"http://127.0.0.1:{balancer}/picus/list")[0] == 403
    assert call("DELETE", f"http://127.0.0.1:{gateway}/local/picus/x")[0] == 403


def test_manage_py_finds_the_table_of_a_running_stack(stack: Stack) -> None:
    lines = (stack.data_dir / "stack.env").read_text().splitlines()
    env = clean_environment(**dict(line.split("=", 1) for line in lines))
    command = [sys.executable, "manage.py", "check"]
    checked = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked


@pytest.fixture
def heed_sighup() -> Iterator[None]:
    """Make started processes heed SIGHUP, even if these tests run under nohup."""
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, inherited)


@pytest.mark.usefixtures("heed_sighup")
def test_items_survive_every_way_to_stop(tmp_path: Path) -> None:
    keys = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with launched(tmp_path) as running:
            running.wait_until_announced()
            keys.append(put(running.url))
            pids = descendants(running)
            assert running.stop(number) == 0, running.output
        assert not [pid for pid in pids if alive(pid)]
        assert not (tmp_path / "stack.env").exists()
    with launched(tmp_path) as last:
        last.wait_until_announced()
        assert {item["object_id"] for item in json.loads(call("GET", f"{last.url}/picus/list")[1])} == set(keys)
        # Repeated signals must not interrupt the save.
        keys.append(put(last.url))
        pids = descendants(last)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            last.process.send_signal(number)
        assert last.wait() == 0, last.output
    assert not [pid for pid in pids if alive(pid)]
    assert keys[-1] in (tmp_path / "ministack" / "dynamodb.json").read_text()


def test_attributes_named_like_ministacks_marks_survive_restart(tmp_path: Path) -> None:
    document = {"__bytes__": "x", "m": {"__scoped__": True}, "l": [{"__account_region_scoped__": {"data": {}}}]}
    for attempt in range(2):
        with launched(tmp_path) as running:
            running.wait_until_announced()
            if attempt == 0:
                body = json.dumps(document).encode()
                status, content = call("POST", f"{running.url}/picus/put", body, **{"Content-Type": "application/json"})
                assert status == 201
                key = json.loads(content)["object_id"]
            assert json.loads(call("GET", f"{running.url}/picus/get/{key}")[1]) == {"object_id": key, **document}
            assert running.stop() == 0, running.output


def test_unreadable_saved_items_are_not_overwritten(tmp_path: Path) -> None:
    saved = tmp_path / "ministack" / "dynamodb.json"
    saved.parent.mkdir()
    saved.write_text('{"cut off')
    with launched(tmp_path) as running:
        assert running.wait() == 1
        assert "which stays as it is" in running.output
    assert saved.read_text() == '{"cut off'


def test_items_survive_a_killed_supervisor_and_nothing_runs_on(tmp_path: Path) -> None:
    with launched(tmp_path) as first:
        first.wait_until_announced()
        key = put(first.url)
        pids = descendants(first)
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
        with launched(tmp_path) as second:  # at once: it waits for the lock
            second.wait_until_announced()
            assert call("GET", f"{second.url}/picus/get/{key}")[0] == 200
        wait_until_gone(pids)


def test_stop_during_the_start_leaves_no_process(tmp_path: Path) -> None:
    with launched(tmp_path) as starting:
        while not (pids := descendants(starting)):
            assert starting.process.poll() is None, starting.output
        assert starting.stop() == 0, starting.output
        wait_until_gone(pids)


@pytest.mark.parametrize("words", ["gunicorn", "picus_project.local.api_gateway", "ministack"])
def test_death_of_a_child_ends_the_stack(tmp_path: Path, words: str) -> None:
    with launched(tmp_path) as running:
        running.wait_until_announced()
        pids = descendants(running)
        os.kill(child(running, words), signal.SIGKILL)
        assert_ended(running, 1, words.rpartition(".")[2], "SIGKILL")
        wait_until_gone(pids)


def test_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with launched(tmp_path, PORT=str(port)) as refused:
            assert_ended(refused, 1, f"port {port}", "PORT")


def test_two_stacks_never_share_a_data_folder(stack: Stack) -> None:
    with launched(stack.data_dir) as second:
        assert_ended(second, 1, "another stack", "LOCAL_DATA_DIR")
    assert call("GET", f"{stack.url}/picus/list")[0] == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("DYNAMODB_ENDPOINT_URL", "foo"),
        ("DYNAMODB_ENDPOINT_URL", "http://x:70000"),
        ("DYNAMODB_TABLE_NAME", ""),
        ("DYNAMODB_TABLE_NAME", "a table"),
        ("MAX_BODY_BYTES", "much"),
        ("SERVICE_ADDRESS", "8000"),
        ("SERVICE_ADDRESS", "localhost:http"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_invalid_setting_is_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    with launched(tmp_path, **{name: value}) as refused:
        assert_ended(refused, 2, name)


def test_unusable_data_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with launched(tmp_path / "file") as refused:
        assert_ended(refused, 1, "LOCAL_DATA_DIR")


def test_unsupported_template_is_one_line(tmp_path: Path) -> None:
    wrong = changed(tmp_path / "edge.yaml", ("OriginRequestPolicyId: b689b0a8", "OriginRequestPolicyId: 00000000"))
    with launched(tmp_path, EDGE_TEMPLATE=str(wrong)) as refused:
        assert_ended(refused, 1, "00000000-53d0-40ab-baf2-68738e2966ac")


def test_template_decides_what_is_served(tmp_path: Path) -> None:
    wrong = changed(tmp_path / "edge.yaml", ("HeaderName: X-Origin-Secret", "HeaderName: X-Origin"))
    with launched(tmp_path, EDGE_TEMPLATE=str(wrong)) as running:
        running.wait_until_announced()
        assert call("GET", f"{running.url}/picus/list")[0] == 403
        assert call("DELETE", f"{running.url}/picus/x")[0] == 404


def test_another_dynamodb_server_is_used(tmp_path: Path, dynamodb_url: str) -> None:
    table = f"stack-{uuid.uuid4()}"
    with launched(tmp_path, DYNAMODB_ENDPOINT_URL=dynamodb_url, DYNAMODB_TABLE_NAME=table) as running:
        running.wait_until_announced()
        key = put(running.url)
        assert call("DELETE", f"{running.url}/picus/{key}")[0] == 200
        assert not [command for command in children(running.process.pid).values() if "ministack" in command]


def test_unreachable_dynamodb_server_is_one_line(tmp_path: Path) -> None:
    with launched(tmp_path, DYNAMODB_ENDPOINT_URL="http://127.0.0.1:9") as refused:
        assert_ended(refused, 1, "create_table")
