"""The functions whose cold starts are compared, unpacked as Lambda unpacks them."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT, WORK, ZAPPA, BenchError
from bench.servers import HERE, PICUS

ZAPPA_FUNCTION = "The same by Zappa's defaults"
ZAPPA_PYNAMODB = "Plain PynamoDB by Zappa's defaults"
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
    """In MB of 10^6 bytes; 0 if it has no zip of its own."""


def functions() -> list[Function]:
    """Package and unpack Picus and its peers."""
    prepare()
    noop = FUNCTIONS / "noop"
    noop.mkdir()
    shutil.copy(PEERS / "noop.py", noop)
    same = unpack(ZAPPA_FUNCTION, _by_zappa("zappa_function", "zappa_pynamodb"), "handler.lambda_handler")
    ours = unpack(PICUS, HERE.package, HERE.handler)
    return [ours, same, _other(same, "zappa_pynamodb"), Function(NOOP, noop, "noop.handler")]


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


def _by_zappa(module: str, *others: str) -> Path:
    """Return the zip that `zappa package` makes of a project with the fewest settings it takes."""
    project = FUNCTIONS / "project"
    for package in ("delete_fn", "picus_api"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (module, *others):
        shutil.copy(PEERS / f"{name}.py", project)
    settings = {
        "app_function": f"{module}.application",
        "project_name": module,
        "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "s3_bucket": "bench",
        "aws_region": "us-east-1",
    }
    (project / "zappa_settings.json").write_text(json.dumps({"bench": settings}))
    made = FUNCTIONS / f"{module}.zip"
    # --json keeps it from asking PyPI for a newer Zappa.
    command = [str(ZAPPA / "bin/python"), "-m", "zappa.cli", "package", "bench", "--json", "--output", str(made)]
    env = os.environ | {"VIRTUAL_ENV": str(ZAPPA)}
    ran = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    if ran.returncode or not made.is_file():
        raise BenchError(f"zappa package ended with status {ran.returncode}: {ran.stdout}{ran.stderr}")
    return made


def _other(function: Function, module: str) -> Function:
    """Return the same package with another application in Zappa's settings: packaging again would take long."""
    folder = FUNCTIONS / module
    shutil.copytree(function.folder, folder, copy_function=os.link)
    settings = folder / "zappa_settings.py"
    text = settings.read_text()
    settings.unlink()
    settings.write_text(text.replace("APP_MODULE='zappa_function'", f"APP_MODULE='{module}'"))
    return Function(ZAPPA_PYNAMODB, folder, function.handler)
