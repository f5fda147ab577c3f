"""Which files the delete function needs: nothing else goes into its package.

Modules are found by following every import statement, those inside functions too, so a path that only an error takes
is covered, and an upgrade of a dependency needs no list to be kept. Data has no import statement: it is listed.

Of botocore the function itself needs the exceptions. The rest is for credentials and settings that are not in the
environment (the container endpoint that SnapStart uses, shared files): botocore.session, imported at need, loads nearly
all of botocore's modules, and none of its data. So its clients are not there: no assumed roles, no SSO.
"""

import modulefinder
from pathlib import Path

ENTRY = "delete_fn.handler"

# Behind import statements that Lambda can't reach, for want of a platform or of a package.
UNREACHABLE = (
    "botocore.crt.auth",  # awscrt
    "dateutil.rrule",  # iCalendar rules
    "dateutil.tz.win",  # Windows
    "dateutil.zoneinfo",  # time zones where the system has none; DynamoDB speaks UTC
    "urllib3.contrib.emscripten",  # browsers
    "urllib3.contrib.pyopenssl",  # PyOpenSSL
    "urllib3.http2.connection",  # h2
)

BOTOCORE_DATA = ("cacert.pem",)  # where the system has no CA certificates


def needed_files(project: Path, site_packages: Path) -> tuple[list[Path], list[Path]]:
    """What to package, relative to the one and to the other folder. Raises FileNotFoundError for missing data."""
    finder = modulefinder.ModuleFinder(path=[str(project), str(site_packages)], excludes=UNREACHABLE)
    finder.import_hook(ENTRY)
    files = [getattr(module, "__file__", None) for module in finder.modules.values()]
    modules = [Path(file) for file in files if file]
    data = [site_packages / "botocore" / name for name in BOTOCORE_DATA]
    for path in data:
        path.stat()
    theirs = [path for path in modules if path.is_relative_to(site_packages)] + data
    ours = [path for path in modules if path not in theirs]
    return _relative(ours, project), _relative(theirs, site_packages)


def _relative(paths: list[Path], folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in paths)
