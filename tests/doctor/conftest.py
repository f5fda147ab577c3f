"""One good deployment for all; a test that breaks it mends it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from picus_project.doctor.examination import examine
from picus_project.doctor.findings import Finding
from tests.doctor.deployed import COMMIT, STAGE, Deployed, deploy
from tests.dynamodb import CREDENTIALS, ministack
from tests.service.conftest import gunicorn

Diagnose = Callable[[], list[Finding]]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that is never called."""
    path = tmp_path_factory.mktemp("package") / "delete_fn.zip"
    with ZipFile(path, "w") as made:
        made.writestr("delete_fn/handler.py", "def handler(event, context): ...")
    return path


@pytest.fixture(scope="session")
def stage(package: Path) -> Iterator[Deployed]:
    """What the templates make, on an emulator of this session's own."""
    with ministack() as url:
        stage = deploy(url, package)
        # What ministack's CloudFormation leaves out of the tables.
        dynamodb, name = stage.client("dynamodb"), stage["TableName"]
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
        expiry = {"AttributeName": "expires_at", "Enabled": True}
        dynamodb.update_time_to_live(TableName=f"{name}_idempotency", TimeToLiveSpecification=expiry)
        yield stage


@pytest.fixture(scope="session")
def public(stage: Deployed) -> Iterator[str]:
    """Where the release answers: in the place of the public domain, as ministack's won't call its own load balancer."""
    settings = {"DYNAMODB_TABLE_NAME": stage["TableName"], "DYNAMODB_ENDPOINT_URL": stage.url, "PICUS_COMMIT": COMMIT}
    with gunicorn(**settings) as client:
        yield client.base_url


@pytest.fixture
def aws(stage: Deployed, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that leads to the emulator, which is this process's too."""
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": stage.url}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
def diagnose(aws: dict[str, str], public: str, package: Path) -> Diagnose:
    """Examines the stage as it is at that moment."""
    return lambda: list(examine(STAGE, url=public, commit=COMMIT, package=package))
