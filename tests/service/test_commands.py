"""Commands of manage.py as an operator types them."""

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.dynamodb import CREDENTIALS, ROOT, free_port, new_table
from tests.preloaded import run_python, start_python

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DYNAMODB_", "AWS_"))}
    return run_python(["manage.py", *arguments], inherited | CREDENTIALS | environment, cwd=ROOT)


def test_create_table_creates_once_and_says_so(dynamodb_url: str) -> None:
    where = {"DYNAMODB_TABLE_NAME": f"made_by_command_{os.getpid()}", "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    before = manage("check", **where)
    assert before.returncode == 1
    assert f"There is no table {where['DYNAMODB_TABLE_NAME']}" in before.stderr
    first, second = manage("create_table", **where), manage("create_table", **where)
    names = [where["DYNAMODB_TABLE_NAME"] + suffix for suffix in ("", "_idempotency", "_tokens")]
    assert (first.returncode, first.stdout) == (0, "".join(f"Table {name}: created and active.\n" for name in names))
    assert (second.returncode, second.stdout) == (0, "".join(f"Table {name}: exists already.\n" for name in names))
    assert manage("check", **where).returncode == 0


def test_two_create_tables_at_once_both_succeed(dynamodb_url: str) -> None:
    where = {"DYNAMODB_TABLE_NAME": f"made_twice_{os.getpid()}", "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    environment = os.environ | CREDENTIALS | where
    command = ["manage.py", "create_table"]
    both = [start_python(command, environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(output.startswith(f"Table {where['DYNAMODB_TABLE_NAME']}: ") for output in outputs)


@pytest.mark.parametrize(("key", "key_type"), [("id", "S"), ("object_id", "N")])
def test_a_table_with_another_key_is_refused(dynamodb_url: str, key: str, key_type: str) -> None:
    table = new_table(dynamodb_url, key, key_type)
    for command in ("check", "create_table"):
        result = manage(command, DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=dynamodb_url)
        assert result.returncode == 1
        assert "must have the partition key object_id (String)" in result.stderr


def test_unreachable_dynamodb_is_reported_in_one_line() -> None:
    where = {"DYNAMODB_TABLE_NAME": "x", "DYNAMODB_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    for command in ("check", "create_table"):
        result = manage(command, **where)
        assert result.returncode == 1
        assert "can't be reached" in result.stderr
        assert "Traceback" not in result.stderr


def test_missing_region_is_reported_in_one_line(tmp_path: object) -> None:
    nowhere = {"AWS_REGION": "", "AWS_CONFIG_FILE": f"{tmp_path}/none"}
    result = manage("create_table", DYNAMODB_TABLE_NAME="xxx", **nowhere)
    assert result.returncode == 2
    assert "AWS_REGION is not set." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        ("create_table", "DYNAMODB_TABLE_NAME", ""),
        ("create_table", "DYNAMODB_ENDPOINT_URL", "localhost:8000"),
        ("check", "MAX_BODY_BYTES", "lots"),
        ("check", "LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_variable(command: str, variable: str, value: str) -> None:
    result = manage(command, **{"DYNAMODB_TABLE_NAME": "x", variable: value})
    assert result.returncode == 2
    assert variable in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "0"), ("WEB_THREADS", "many"), ("MAX_BODY_BYTES", "-1"), ("DYNAMODB_TABLE_NAME", "")],
)
def test_the_server_ends_with_one_line_on_a_wrong_setting(variable: str, value: str) -> None:
    environment = os.environ | {"DYNAMODB_TABLE_NAME": "x", "PORT": str(free_port())} | {variable: value}
    result = run_python(["-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi"], environment, cwd=ROOT)
    assert result.returncode == 1
    assert f"picus: {variable}" in result.stderr
    assert "Traceback" not in result.stderr


def test_commands_use_running_local_stack(table: "Table", tmp_path: Path) -> None:
    endpoint = table.meta.client.meta.endpoint_url
    (tmp_path / "stack.env").write_text(f"DYNAMODB_TABLE_NAME={table.name}\nDYNAMODB_ENDPOINT_URL={endpoint}\n")
    environment = {"LOCAL_DATA_DIR": str(tmp_path)}
    found = manage("create_table", **environment)
    assert found.returncode == 0
    assert found.stdout.startswith(f"Table {table.name}: exists already.\n")
    told = manage("check", DYNAMODB_TABLE_NAME="another_table", DYNAMODB_ENDPOINT_URL=endpoint, **environment)
    assert "There is no table another_table" in told.stderr
