"""What is in the image, and what is not."""

from collections.abc import Mapping

import pytest

from tests.image.engine import Engine


def lines(image: Engine, *command: str) -> list[str]:
    """What a command in the image prints."""
    ended = image.run(*command)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout.splitlines()


def test_its_user_is_a_number_and_not_root(image: Engine) -> None:
    assert image.config["User"] == "10001:10001"
    assert lines(image, "id", "-u") == ["10001"]
    assert lines(image, "id", "-G") == ["10001"]


def test_nothing_in_it_is_its_users_to_change(image: Engine) -> None:
    permitted = ["-user", "10001", "-o", "-group", "10001", "-o", "-perm", "-o=w"]
    assert lines(image, "find", "/app", "!", "-type", "l", "(", *permitted, ")") == []


def test_its_user_writes_to_one_folder_alone_which_is_a_volume(image: Engine) -> None:
    assert list(image.config["Volumes"]) == ["/spool"]
    assert "SPOOL_DIR=/spool" in image.config["Env"]
    assert lines(image, "stat", "--format=%u:%g %a", "/spool") == ["10001:10001 700"]
    assert lines(image, "sh", "-c", "echo kept > /spool/file && cat /spool/file") == ["kept"]
    assert "Read-only file system" in image.run("sh", "-c", "echo kept > /tmp/file").stdout


def test_an_operator_finds_the_commands_in_it(image: Engine, table: Mapping[str, str]) -> None:
    assert image.run("python3", "manage.py", "put_item", '{"a": 1.10}', **table).returncode == 0
    exported = image.run("python3", "manage.py", "export_items", **table)
    assert exported.returncode == 0, exported.stdout
    assert '"a":1.1' in exported.stdout.replace(" ", "")


@pytest.mark.parametrize("program", ["cc", "gcc", "g++", "clang", "ld", "make", "pip", "pip3", "uv", "git", "curl"])
def test_there_is_nothing_to_build_or_install_with(image: Engine, program: str) -> None:
    assert image.run("sh", "-c", f"command -v {program}").stdout == ""


@pytest.mark.parametrize("module", ["pip", "ensurepip", "uv", "pytest", "boto3", "h11", "yaml"])
def test_nothing_of_development_can_be_imported(image: Engine, module: str) -> None:
    ended = image.run("python3", "-c", f"import {module}")
    assert "ModuleNotFoundError" in ended.stdout


def test_of_the_project_there_is_what_the_service_runs(image: Engine) -> None:
    here = {"manage.py", "gunicorn.conf.py", "picus_api", "picus_project", "version.json", ".venv", "__pycache__"}
    assert set(lines(image, "ls", "-A", "/app")) == here
    assert not {"local", "management"} & set(lines(image, "ls", "/app/picus_project"))


def test_every_module_is_compiled_its_own_and_those_of_the_standard_library_that_it_needs(image: Engine) -> None:
    loaded = "import os, sys, gunicorn.app.wsgiapp, picus_project.server.worker, picus_project.wsgi, picus_project.urls"
    missing = "[print(m.__file__) for m in list(sys.modules.values()) if not os.path.exists(cached(m))]"
    cached = "cached = lambda module: getattr(module, '__cached__', None) or '/'"
    ended = image.run("python3", "-c", f"{loaded}; {cached}; {missing}", DYNAMODB_TABLE_NAME="none")
    assert (ended.returncode, ended.stdout) == (0, "")


def test_it_adds_little_enough_to_its_base_for_200_mb(image: Engine) -> None:
    """python:3.13-slim has about 125 MB."""
    size = int(lines(image, "du", "--summarize", "--block-size=1000000", "/app")[0].split()[0])
    assert size < 60, f"{size} MB"


def test_it_listens_on_every_interface_of_its_own(image: Engine) -> None:
    assert {"BIND_HOST=0.0.0.0", "PORT=8000"} <= set(image.config["Env"])
