"""docs/api.md lists every error of picus_api/core/errors.py, with its code and status."""

import re
from collections.abc import Iterator

from picus_api.core.errors import BadLine, PicusError
from tests.unit.docs.pages import ROOT


def test_error_table_lists_each_code_and_status() -> None:
    section = (ROOT / "docs/api.md").read_text().partition("\n## Errors\n")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \| (\d{3}) \| .+ \| .+ \|$", section, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == {(error.code, str(error.status)) for error in _errors(PicusError)}


def _errors(error: type[PicusError]) -> Iterator[type[PicusError]]:
    """Return an error class and its subclasses in that module. A BadLine has the code and status of another error."""
    if error is not BadLine and error.__module__ == PicusError.__module__:
        yield error
    for subclass in error.__subclasses__():
        yield from _errors(subclass)
