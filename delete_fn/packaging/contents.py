"""Find the files that the delete function needs: nothing else goes into its package.

Modules are found by following every import statement, also inside functions, so that code for errors is covered and
no list must be kept. Data has no import statement: there is one file, botocore's CA certificates.

The function itself needs botocore's exceptions. For credentials and settings outside the environment (the container
endpoint of SnapStart, shared files), botocore.session is imported at need. It loads nearly all modules of botocore and
none of its data, so botocore's clients don't work: no assumed roles, no SSO.
"""

import modulefinder
from pathlib import Path

ENTRY = "delete_fn.handler"

# Imports that Lambda never reaches: they need another platform or package.
UNREACHABLE = (
    "botocore.crt.auth",  # awscrt
    "dateutil.rrule",  # iCalendar rules
    "dateutil.tz.win",  # Windows
    "dateutil.zoneinfo",  # time zones where the system has none; DynamoDB speaks UTC
    "urllib3.contrib.emscripten",  # browsers
    "urllib3.contrib.pyopenssl",  # PyOpenSSL
    "urllib3.http2.connection",  # h2
)

# Only Amazon's certificates of this file are packaged. Lambda's operating system has a full store.
CA_CERTIFICATES = "cacert.pem"


def needed_files(project: Path, site_packages: Path) -> tuple[list[Path], list[Path]]:
    """Return the files to package: relative to the project, and relative to site-packages. Raises FileNotFoundError."""
    finder = modulefinder.ModuleFinder(path=[str(project), str(site_packages)], excludes=UNREACHABLE)
    finder.import_hook(ENTRY)
    files = [getattr(module, "__file__", None) for module in finder.modules.values()]
    modules = [Path(file) for file in files if file]
    certificates = site_packages / "botocore" / CA_CERTIFICATES
    certificates.stat()
    theirs = [path for path in modules if path.is_relative_to(site_packages)] + [certificates]
    ours = [path for path in modules if path not in theirs]
    return _relative(ours, project), _relative(theirs, site_packages)


def _relative(paths: list[Path], folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in paths)
