"""One deployment for all tests of the doctor. A test that breaks it repairs it."""

from collections.abc import Callable, Iterator
from zipfile import ZipFile

import pytest

from ecs.doctor.examination import examine
from ecs.doctor.findings import Finding
from tests.dynamodb import CREDENTIALS, ministack
from tests.ecs.doctor.emulated_stage import COMMIT, STAGE, EmulatedStage
from tests.service.conftest import gunicorn

Examine = Callable[[], list[Finding]]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedStage]:
    """Deploy a stage to a new emulator, with a package that is never called."""
    package = tmp_path_factory.mktemp("package") / "delete_fn.zip"
    with ZipFile(package, "w") as made:
        made.writestr("delete_fn/handler.py", "def handler(event, context): ...")
    with ministack() as url:
        stage = EmulatedStage(url, package)
        stage.deploy()
        yield stage


@pytest.fixture(scope="session")
def service_url(stage: EmulatedStage) -> Iterator[str]:
    """Return the service's address in place of the public domain: ministack can't call its load balancer."""
    settings = {"DYNAMODB_TABLE_NAME": stage["TableName"], "DYNAMODB_ENDPOINT_URL": stage.url, "PICUS_COMMIT": COMMIT}
    with gunicorn(**settings) as client:
        yield client.base_url


@pytest.fixture
def aws_environment(stage: EmulatedStage, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment variables of the emulator, which are also set in this process."""
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": stage.url}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
def examine_stage(aws_environment: dict[str, str], service_url: str, stage: EmulatedStage) -> Examine:
    return lambda: list(examine(STAGE, url=service_url, commit=COMMIT, package=stage.package))
