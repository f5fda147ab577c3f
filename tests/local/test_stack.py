"""`manage.py serve` as a process: what it starts and prints, and that it leaves no process behind."""

import io
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError, URLError
from zoneinfo import ZoneInfo

import pytest

from tests.dynamodb import ROOT, free_port
from tests.local.edge_harness import exchange
from tests.local.test_distribution import changed
from tests.stack import STOP_SECONDS, Stack, alive, children, clean_environment, launched, listening, wait_until_gone

# 127.0.0.1 as /proc/net/tcp has it.
LOOPBACK = f"{int.from_bytes(socket.inet_aton('127.0.0.1'), sys.byteorder):08X}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run one stack for the tests that leave it running."""
    with launched(tmp_path_factory.mktemp("stack")) as running:
        running.wait_until_announced()
        yield running
        assert running.stop() == 0, running.output


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
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
    assert re.search(r'\{"object_id": *"[0-9a-f-]{36}".*"value": *1\.5\}', result.stdout), result
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


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET http://{host}/picus/get/{key}", 200),
        ("GET HTTP://{host}/%70icus/get/{key}?x", 200),
        ("GET http://unknown.example/picus/get/{key}", 400),
        ("DELETE http://unknown.example/picus/{key}", 200),
        ("OPTIONS *", 200),
        ("GET *", 400),
    ],
)
def test_every_form_of_request_target_is_served(stack: Stack, request_line: str, status: int) -> None:
    host, key = f"127.0.0.1:{stack.port}", put(stack.url)
    head = f"{request_line.format(host=host, key=key)} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    response = exchange(int(stack.port), head.encode())
    assert response.status == status, response
    assert parsedate_to_datetime(response.headers["date"])


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


@pytest.mark.parametrize(
    "outer",
    [
        {},
        {"AWS_REGION": "eu-west-1"},
        {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_PROFILE": "missing"},
        {"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "other", "AWS_SESSION_TOKEN": "other"},
        {"AWS_CONFIG_FILE": "/missing", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_CA_BUNDLE": "/missing"},
    ],
    ids=["nothing", "region", "profile", "keys", "others"],
)
def test_manage_py_uses_the_settings_of_a_running_stack(stack: Stack, outer: dict[str, str]) -> None:
    key = put(stack.url)
    result = manage_py("get_item", key, LOCAL_DATA_DIR=str(stack.data_dir), **outer)
    assert (result.returncode, json.loads(result.stdout)) == (0, {"object_id": key, "name": "x"}), result


def test_manage_py_keeps_a_table_that_the_environment_names(stack: Stack) -> None:
    result = manage_py("get_item", "k", LOCAL_DATA_DIR=str(stack.data_dir), DYNAMODB_TABLE_NAME="", AWS_REGION="x")
    assert result.returncode == 2
    assert "DYNAMODB_TABLE_NAME" in result.stderr


def manage_py(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    env = clean_environment(**environment)
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)


def test_start_logs_nothing_at_warning_or_above(stack: Stack) -> None:
    put(stack.url)
    logged = [json.loads(line) for line in stack.output.splitlines() if line.startswith("{")]
    assert logged
    assert {line["level"] for line in logged} == {"INFO"}


def test_banner_names_the_page_and_the_documentation(stack: Stack) -> None:
    for path in ("/picus/list", "/docs/"):
        assert f"{stack.url}{path}\n" in stack.output
        status, body = call("GET", f"{stack.url}{path}", Accept="text/html")
        assert (status, "<html" in body) == (200, True)


def test_edge_refuses_connections_until_everything_is_ready(tmp_path: Path) -> None:
    with launched(tmp_path) as starting:
        url = f"http://127.0.0.1:{starting.port}"
        response = poll(f"{url}/picus/list", starting)
        assert response == (200, "[]"), starting.output
        assert call("DELETE", f"{url}/picus/x")[0] == 404


def poll(url: str, starting: Stack) -> tuple[int, str]:
    """Send a GET until a connection is accepted; return its response."""
    while True:
        try:
            return call("GET", url)
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or starting.process.poll() is not None:
                raise
            time.sleep(0.01)


REQUEST_LINE = re.compile(r"^(\d\d):(\d\d):\d\d INFO    request .*method='(GET|DELETE)' path='/picus/", re.MULTILINE)


def test_terminal_shows_text_in_local_time_for_both_computes(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    port = str(free_port())
    # Nepal's time differs from UTC and from Chicago's by 15 minutes.
    env = clean_environment(LOCAL_DATA_DIR=str(tmp_path), PORT=port, TZ="Asia/Kathmandu")
    with os.fdopen(master, "rb", buffering=0) as terminal:
        command = [sys.executable, "manage.py", "serve"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=slave, stderr=slave)
        os.close(slave)
        output = read_until(terminal, b"curl -X DELETE")
        call("GET", f"http://127.0.0.1:{port}/picus/list")
        call("DELETE", f"http://127.0.0.1:{port}/picus/x")
        now = datetime.now(ZoneInfo("Asia/Kathmandu"))
        output += read_until(terminal, b"method='DELETE'")
        process.send_signal(signal.SIGTERM)
        output += read_until(terminal, b"never")
        assert process.wait(STOP_SECONDS) == 0
    found = REQUEST_LINE.findall(output.decode())
    assert [method for *_, method in found] == ["GET", "DELETE"], output.decode()
    for hour, minute, _ in found:
        assert (int(hour) * 60 + int(minute) - now.hour * 60 - now.minute) % 1440 in (0, 1, 1439)
    assert '{"time"' not in output.decode()


def read_until(terminal: io.FileIO, words: bytes) -> bytes:
    """Read a terminal until these words or its end."""
    output = b""
    with suppress(OSError):  # EIO is a terminal's end
        while words not in output and (piece := terminal.read(65536)):
            output += piece
    return output


def test_json_log_lines_are_in_utc(stack: Stack) -> None:
    put(stack.url)
    line = next(line for line in reversed(stack.output.splitlines()) if line.startswith("{"))
    logged = datetime.fromisoformat(json.loads(line)["time"])
    assert logged.utcoffset() == timedelta(0)
    assert abs((datetime.now(UTC) - logged).total_seconds()) < 600


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


def test_port_taken_during_the_start_is_one_line(tmp_path: Path) -> None:
    with launched(tmp_path) as starting, socket.socket() as faster:
        while not descendants(starting):
            assert starting.process.poll() is None, starting.output
        faster.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        faster.bind(("127.0.0.1", int(starting.port)))
        faster.listen()
        assert_ended(starting, 1, f"port {starting.port}", "PORT")


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


def test_unreachable_dynamodb_server_is_said_by_command(tmp_path: Path) -> None:
    with launched(tmp_path, DYNAMODB_ENDPOINT_URL="http://127.0.0.1:9") as refused:
        assert refused.wait() == 1, refused.output
        cause, end = [line for line in refused.output.splitlines() if line.startswith("picus: ")]
        assert "The table can't be reached" in cause
        assert "create_table ended with status 1" in end
        assert "Traceback" not in refused.output
