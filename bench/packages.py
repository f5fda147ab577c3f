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

from bench.servers import ROOT, WORK

PACKAGE = ROOT / "build/delete_fn.zip"
"""What `make package` makes."""
ZAPPA = ROOT / ".venv-bench-zappa"
"""An environment as Zappa's users have it: Zappa and what the function imports, compiled at installation."""
PEERS = Path(__file__).parent / "peers"
FUNCTIONS = WORK / "functions"

PICUS = "Picus"
ZAPPA_FUNCTION = "The same by Zappa's defaults"
ZAPPA_PYNAMODB = "Plain PynamoDB by Zappa's defaults"
FLOOR = "Floor: a handler that does nothing"


@dataclass(frozen=True)
class Function:
    """A folder like /var/task, and the handler in it."""

    name: str
    folder: Path
    handler: str
    zip_mb: float | None = None


def prepare() -> list[Function]:
    """Package and unpack all of them. Exits where the package of Picus is missing."""
    if not PACKAGE.is_file():
        sys.exit("build/delete_fn.zip is missing: run `make package` first.")
    # As in Lambda's image, where the runtime client is compiled: no cold start may pay for that here.
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    shutil.rmtree(FUNCTIONS, ignore_errors=True)
    floor = FUNCTIONS / "floor"
    floor.mkdir(parents=True)
    shutil.copy(PEERS / "floor.py", floor)
    ours = _unpacked(PICUS, PACKAGE, "delete_fn.app.handler")
    same = _unpacked(ZAPPA_FUNCTION, _by_zappa("zappa_function", "zappa_pynamodb"), "handler.lambda_handler")
    return [ours, same, _other(same, "zappa_pynamodb"), Function(FLOOR, floor, "floor.handler")]


def _by_zappa(module: str, *others: str) -> Path:
    """The zip that `zappa package` makes of a project with the fewest settings it takes."""
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
    # --json is what keeps it from asking PyPI for a newer Zappa.
    command = [str(ZAPPA / "bin/python"), "-m", "zappa.cli", "package", "bench", "--json", "--output", str(made)]
    environment = os.environ | {"VIRTUAL_ENV": str(ZAPPA)}
    run = subprocess.run(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode or not made.is_file():
        sys.exit(f"{run.stdout}\nzappa package ended with status {run.returncode}.")
    return made


def _other(function: Function, module: str) -> Function:
    """The same package with another application of the project in Zappa's settings: packaging takes its time."""
    folder = FUNCTIONS / module
    shutil.copytree(function.folder, folder, copy_function=os.link)
    settings = folder / "zappa_settings.py"
    text = settings.read_text()
    settings.unlink()
    settings.write_text(text.replace(f"APP_MODULE='{function.folder.name}'", f"APP_MODULE='{module}'"))
    return Function(ZAPPA_PYNAMODB, folder, function.handler)


def _unpacked(name: str, package: Path, handler: str) -> Function:
    """With the times of the zip's entries: they decide whether bytecode counts as stale."""
    folder = FUNCTIONS / package.stem
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            stamp = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(folder / entry.filename, (stamp, stamp))
    return Function(name, folder, handler, package.stat().st_size / 1e6)
