"""The contents of the image."""

import json
from collections.abc import Mapping

import pytest

from tests.ecs.image.engine import Engine


def lines(image: Engine, *command: str) -> list[str]:
    """Return the lines that a command in the image prints."""
    ended = image.run(*command)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout.splitlines()


def test_user_is_a_number_and_not_root(image: Engine) -> None:
    assert image.config["User"] == "10001:10001"
    assert lines(image, "id", "-u") == ["10001"]
    assert lines(image, "id", "-G") == ["10001"]


def test_user_can_change_no_file(image: Engine) -> None:
    permitted = ["-user", "10001", "-o", "-group", "10001", "-o", "-perm", "-o=w"]
    assert lines(image, "find", "/app", "!", "-type", "l", "(", *permitted, ")") == []


def test_user_can_write_to_the_volume_only(image: Engine) -> None:
    assert list(image.config["Volumes"]) == ["/spool"]
    assert "SPOOL_DIR=/spool" in image.config["Env"]
    assert lines(image, "stat", "--format=%u:%g %a", "/spool") == ["10001:10001 700"]
    assert lines(image, "sh", "-c", "echo kept > /spool/file && cat /spool/file") == ["kept"]
    assert "Read-only file system" in image.run("sh", "-c", "echo kept > /tmp/file").stdout


def test_commands_for_operators_run_in_the_image(image: Engine, table_variables: Mapping[str, str]) -> None:
    assert image.run("python3", "manage.py", "put_item", '{"a": 1.10}', **table_variables).returncode == 0
    exported = image.run("python3", "manage.py", "export_items", **table_variables)
    assert exported.returncode == 0, exported.stdout
    assert '"a":1.1' in exported.stdout.replace(" ", "")


@pytest.mark.parametrize("program", ["cc", "gcc", "g++", "clang", "ld", "make", "pip", "pip3", "uv", "git", "curl"])
def test_image_has_no_tools_to_build_or_install(image: Engine, program: str) -> None:
    assert image.run("sh", "-c", f"command -v {program}").stdout == ""


@pytest.mark.parametrize("module", ["pip", "ensurepip", "uv", "pytest", "boto3", "h11", "yaml"])
def test_development_packages_can_not_be_imported(image: Engine, module: str) -> None:
    ended = image.run("python3", "-c", f"import {module}")
    assert "ModuleNotFoundError" in ended.stdout


def test_image_has_the_files_of_the_service_only(image: Engine) -> None:
    expected = {
        "manage.py",
        "picus",
        "gunicorn.conf.py",
        "picus_api",
        "picus_project",
        "version.json",
        "sbom.cdx.json",
        ".venv",
        "__pycache__",
    }
    assert set(lines(image, "ls", "-A", "/app")) == expected
    assert not {"local", "management"} & set(lines(image, "ls", "/app/picus_project"))


def test_image_lists_its_packages_without_test_tools(image: Engine) -> None:
    listed = json.loads("\n".join(lines(image, "cat", "/app/sbom.cdx.json")))
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.5")
    names = {component["name"] for component in listed["components"]}
    assert {"django", "gunicorn", "pynamodb"} <= names
    assert not {"pytest", "boto3", "opentelemetry-sdk"} & names


def test_every_loaded_module_is_compiled(image: Engine) -> None:
    loaded = "import os, sys, gunicorn.app.wsgiapp, picus_project.server.worker, picus_project.wsgi, picus_project.urls"
    missing = "[print(m.__file__) for m in list(sys.modules.values()) if not os.path.exists(cached(m))]"
    cached = "cached = lambda module: getattr(module, '__cached__', None) or '/'"
    ended = image.run("python3", "-c", f"{loaded}; {cached}; {missing}", DYNAMODB_TABLE_NAME="none")
    assert (ended.returncode, ended.stdout) == (0, "")


def test_application_is_smaller_than_60_mb(image: Engine) -> None:
    """python:3.13-slim has about 125 MB."""
    size = int(lines(image, "du", "--summarize", "--block-size=1000000", "/app")[0].split()[0])
    assert size < 60, f"{size} MB"


def test_it_listens_on_every_interface(image: Engine) -> None:
    assert {"BIND_HOST=0.0.0.0", "PORT=8000"} <= set(image.config["Env"])
