"""Which files the delete function needs: nothing else goes into its package.

Modules are found by following every import statement, those inside functions too, so a path that only an error takes
is covered, and an upgrade of a dependency needs no list to be kept. Data has no import statement: it is listed.
"""

import json
import modulefinder
from pathlib import Path

ENTRY = "delete_fn.app"

# Behind import statements that Lambda can't reach, for want of a platform or of a package.
UNREACHABLE = (
    "dateutil.rrule",  # iCalendar rules
    "dateutil.tz.win",  # Windows
    "dateutil.zoneinfo",  # time zones where the system has none; DynamoDB speaks UTC
    "urllib3.contrib.emscripten",  # browsers
    "urllib3.contrib.pyopenssl",  # PyOpenSSL
    "urllib3.http2.connection",  # h2
)

BOTOCORE_DATA = (
    "cacert.pem",
    "data/_retry.json",
    "data/endpoints.json",
    "data/partitions.json",
    "data/sdk-default-configuration.json",
    "data/dynamodb/2012-08-10/endpoint-rule-set-1.json.gz",
    "data/dynamodb/2012-08-10/service-2.json.gz",
)


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


def keep_own_endpoints(site_packages: Path) -> None:
    """Leave only DynamoDB's part of botocore's table of endpoints, which is read at each cold start: 1.2 MB of JSON."""
    path = site_packages / "botocore/data/endpoints.json"
    table = json.loads(path.read_text())
    for partition in table["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name == "dynamodb"}
    path.write_text(json.dumps(table))


def _relative(paths: list[Path], folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in paths)
