"""Build the delete function's package: ``make package``.

Zappa packages a whole project and a whole virtual environment. So it gets a project and an environment that have only
the files that the function needs, with bytecode that stays valid: Zappa stamps every entry 1980, and bytecode that is
checked against the time of its source would be compiled again at each cold start.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from delete_fn.packaging.contents import CA_CERTIFICATES, needed_files
from picus_api.core.dynamodb.tls import only_amazon

ROOT = Path(__file__).parent.parent.parent
WORK = ROOT / "build" / "function"
PACKAGE = ROOT / "build" / "delete_fn.zip"
# Zappa expects the packages of an environment here. The Python of this process is the one of the function.
SITE_PACKAGES = Path(f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")
# Lambda unpacks the package here. Bytecode names this folder as its source, not the folder of the build.
RUN_TIME_ROOT = "/var/task"
# The package is the same for every stage, but Zappa needs the name of one.
STAGE = "production"


def main() -> None:
    """Copy and compile the files, run Zappa, make the zip reproducible, and print its size."""
    shutil.rmtree(WORK, ignore_errors=True)
    names = _stage(WORK / "project", WORK / "environment" / SITE_PACKAGES)
    made = _zappa(WORK / "project", WORK / "environment")
    _tidy(made, names)
    _report()


def _stage(project: Path, site_packages: Path) -> list[str]:
    """Copy and compile the needed files. Return their names in the package."""
    installed = ROOT / ".venv-function" / SITE_PACKAGES
    if not installed.is_dir():
        sys.exit(f"{installed} is not there: .venv-function is for another Python. Remove it and .venv-package.")
    ours, theirs = needed_files(ROOT, installed)
    _copy(ours, ROOT, project)
    _copy(theirs, installed, site_packages)
    store = site_packages / "botocore" / CA_CERTIFICATES
    if not (amazon := only_amazon(store.read_text())):
        sys.exit(f"{store} has no CA certificates of Amazon.")
    store.write_text(amazon)
    return sorted(_compile(project) + _compile(site_packages))


def _copy(paths: list[Path], source: Path, target: Path) -> None:
    for path in paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path)


def _compile(folder: Path) -> list[str]:
    """Compile all modules in the folder, and return the names of all its files."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", RUN_TIME_ROOT]
    # In a bare process, because the bytes depend on the other modules of a process.
    _run([sys.executable, "-I", "-S", "-m", "compileall", *options, str(folder)], folder)
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _zappa(project: Path, environment: Path) -> Path:
    made = WORK / "zappa.zip"
    command = [str(ROOT / ".venv-package/bin/python"), "-m", "zappa.cli", "package", STAGE]
    # --json keeps Zappa from asking PyPI for a newer version.
    command += ["--json", "--settings_file", str(ROOT / "zappa_settings.json"), "--output", str(made)]
    _run(command, project, VIRTUAL_ENV=str(environment))
    return made


def _run(command: list[str], folder: Path, **variables: str) -> None:
    """Run a command quietly. If it fails, print its output and exit."""
    run = subprocess.run(  # noqa: S603 -- a list of our own, no shell
        command,
        cwd=folder,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(f"{run.stdout}\n{' '.join(command)} ended with status {run.returncode}.")


def _tidy(made: Path, names: list[str]) -> None:
    """Keep the copied files only, so that equal files give equal bytes.

    Zappa adds settings for its own handler, which is unused, and an ``__init__.py`` with the time of the build to
    every folder of bytecode.
    """
    tidy = made.with_name("tidy.zip")
    with ZipFile(made) as source, ZipFile(tidy, "w") as target:
        for name in names:
            entry = ZipInfo(name)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, source.read(name), ZIP_DEFLATED, compresslevel=9)
    tidy.replace(PACKAGE)


def _report() -> None:
    with ZipFile(PACKAGE) as package:
        entries = package.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    print(
        f"{PACKAGE.relative_to(ROOT)}: {PACKAGE.stat().st_size / 1e6:.2f} MB, {unpacked / 1e6:.2f} MB unpacked, "
        f"{len(entries)} files, for Python {sys.version_info.major}.{sys.version_info.minor}"
    )


if __name__ == "__main__":
    main()
