"""One deployed stage for all of the rehearsal, and one run of the contract suite against it."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.rehearsal.staging import Staging, staging


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for the contract suite comes late, as that runs meanwhile; what takes the stage down comes last."""
    items.sort(key=lambda item: ("contract_run" in getattr(item, "fixturenames", ()), "test_destroy" in item.nodeid))


@pytest.fixture(scope="session")
def stage() -> Iterator[Staging]:
    """`staging`, deployed once."""
    with staging() as deployed:
        yield deployed


@pytest.fixture(scope="session", autouse=True)
def contract(stage: Staging) -> Iterator["subprocess.Popen[str]"]:
    """The contract suite, started: it takes a minute, in which the other tests do what must not disturb it."""
    plugins = [f"-ptests.rehearsal.{name}" for name in ("resolver", "gaps")]
    with stage.started(
        "pytest", "-q", "--durations=12", *plugins, "tests/contract", PICUS_BASE_URL=stage.url
    ) as process:
        yield process
        process.terminate()


@pytest.fixture(scope="session")
def contract_run(contract: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit status and what it printed, once it has ended."""
    stdout, stderr = contract.communicate()
    return contract.returncode, stdout + stderr
