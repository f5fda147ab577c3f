"""The functions whose cold starts are compared, unpacked as Lambda unpacks them."""

import compileall
import json
import os
import shutil
import sys
import sysconfig
import time
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.machine import ROOT, WORK, ZAPPA, run
from bench.servers import HERE, PICUS

ZAPPA_FUNCTION = "The same by Zappa's defaults"
NOOP = "A handler that does nothing"
FUNCTIONS = WORK / "functions"
PEERS = ROOT / "bench/peers"


@dataclass(frozen=True)
class Function:
    """A folder like /var/task, and the handler in it."""

    name: str
    folder: Path
    handler: str
    zip_mb: float = 0.0
    """In MB of 10^6 bytes; 0 without a zip."""
    settings: dict[str, str] = field(default_factory=dict)


def functions() -> list[Function]:
    """Package and unpack Picus and its peers."""
    prepare()
    noop = FUNCTIONS / "noop"
    noop.mkdir()
    shutil.copy(PEERS / "noop.py", noop)
    zappa = unpack(ZAPPA_FUNCTION, _by_zappa(), "handler.lambda_handler")
    zappa = replace(zappa, settings={"PICUS_HANDLER": HERE.handler})
    return [unpack(PICUS, HERE.package, HERE.handler), zappa, Function(NOOP, noop, "noop.handler")]


def prepare() -> None:
    """Make an empty folder for functions, and compile the runtime client as it is compiled in Lambda's image."""
    shutil.rmtree(FUNCTIONS, ignore_errors=True)
    FUNCTIONS.mkdir()
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)


def unpack(name: str, package: Path, handler: str) -> Function:
    """Unpack a zip, with the times of its entries: they decide whether bytecode counts as stale."""
    folder = FUNCTIONS / name
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            stamp = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(folder / entry.filename, (stamp, stamp))
    return Function(name, folder, handler, package.stat().st_size / 1e6)


def _by_zappa() -> Path:
    """Return the zip that `zappa package` makes of a project with the fewest settings it takes."""
    project, made = FUNCTIONS / "project", FUNCTIONS / "zappa.zip"
    for package in ("delete_fn", "picus_api"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PEERS / "zappa_app.py", project)
    settings = {
        "app_function": "zappa_app.application",
        "project_name": "zappa_app",
        "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "s3_bucket": "bench",
        "aws_region": "us-east-1",
    }
    (project / "zappa_settings.json").write_text(json.dumps({"bench": settings}))
    # --json keeps it from asking PyPI for a newer Zappa.
    command = [str(ZAPPA / "bin/python"), "-m", "zappa.cli", "package", "bench", "--json", "--output", str(made)]
    run(*command, folder=project, VIRTUAL_ENV=str(ZAPPA))
    return made
