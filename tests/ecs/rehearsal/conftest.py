"""One deployed stage for all tests of the rehearsal, and one run of the contract suite against it."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.ecs.rehearsal.rehearsed_stage import RehearsedStage, deployed_stage
from tests.stack import TOKEN_FOR_ALL, WITH_TOKEN

# What a body or a query means does not depend on the way to the service: CloudFront, the load balancer and API Gateway
# pass both on as bytes. `put`, `patch`, `put_lines`, `pages` and `list` show that they do. These files have no DELETE.
SAME_EVERYWHERE = ("fields", "filters", "put_refusals", "put_values")
# Which of a hundred writers wins is up to DynamoDB's conditions, whatever the way to the service.
RACES = (
    "idempotency.py::test_hundred_parallel_requests_write_once",
    "patch.py::test_hundred_parallel_patches_lose_nothing",
    "patch.py::test_hundred_patches_of_one_etag_have_one_winner",
    "versions.py::test_hundred_creates_of_one_key_have_one_winner",
    "versions.py::test_hundred_replaces_of_one_etag_have_one_winner",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that need the contract suite's result late, because it runs meanwhile, and test_destroy last."""
    items.sort(key=lambda item: ("contract_run" in getattr(item, "fixturenames", ()), "test_destroy" in item.nodeid))


@pytest.fixture(scope="session")
def stage() -> Iterator[RehearsedStage]:
    """Return the deployed stage, for all tests."""
    with deployed_stage() as deployed:
        yield deployed


@pytest.fixture(scope="session", autouse=True)
def contract_process(stage: RehearsedStage) -> Iterator["subprocess.Popen[str]"]:
    """Start the contract suite. Meanwhile other tests run that do not disturb it."""
    plugins = [f"-ptests.ecs.rehearsal.{name}" for name in ("resolver", "ministack_gaps", "direct_clean_up")]
    ignored = [f"--ignore=tests/contract/test_{name}.py" for name in SAME_EVERYWHERE]
    ignored += [f"--deselect=tests/contract/test_{name}" for name in RACES]
    table = stage.outputs("data")["TableName"]
    variables = {
        "PICUS_BASE_URL": stage.url,
        "PICUS_TABLE": table,
        "COVERAGE_PROCESS_CONFIG": "",  # The suite runs no product code itself.
    }
    if WITH_TOKEN:
        variables["PICUS_TOKEN"] = stage.picus(*TOKEN_FOR_ALL, DYNAMODB_TABLE_NAME=table).strip()
    with stage.started("pytest", "-q", "--durations=12", *plugins, *ignored, "tests/contract", **variables) as process:
        yield process
        process.terminate()


@pytest.fixture(scope="session")
def contract_run(contract_process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Return the exit status and the output of the contract suite."""
    stdout, stderr = contract_process.communicate()
    return contract_process.returncode, stdout + stderr
