"""The package, built once as its user builds it, and unpacked."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from tests.dynamodb import ROOT, new_table
from tests.function.function import Function, running_function

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture(scope="session")
def build_report() -> str:
    """Run `make package` apart from any make that runs the tests, and return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    run = subprocess.run(["make", "package"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="session")
def package(build_report: str) -> Path:
    """Return the path of the package."""
    return ROOT / "build" / "delete_fn.zip"


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the contents of the package, for all tests to read."""
    return _unpack(package, tmp_path_factory.mktemp("package") / "task")


@pytest.fixture
def fresh(package: Path, tmp_path: Path) -> Path:
    """Return a folder with the contents of the package, for one test."""
    return _unpack(package, tmp_path / "task")


def _unpack(package: Path, folder: Path) -> Path:
    with ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def table(dynamodb_url: str) -> "Table":
    return new_table(dynamodb_url)


@pytest.fixture(scope="session")
def function(unpacked: Path, table: "Table", dynamodb_url: str) -> Iterator[Function]:
    """Run a function with a working table."""
    with running_function(unpacked, DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=dynamodb_url) as running:
        yield running
