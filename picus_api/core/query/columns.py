"""The columns of a CSV list: the parameter ``fields``, in its order."""

import re

from picus_api.core.errors import BadParameter
from picus_api.core.query.expressions import AttributePath, Reader

_COMMA = re.compile(",")


def parse_columns(fields: str | None) -> dict[str, AttributePath]:
    """Return the paths of ``a,b.c`` in their order, each under its text. Raises BadParameter."""
    if fields is None:
        raise BadParameter(
            "CSV needs columns: name them with the parameter fields, for example fields=object_id,name.", "fields"
        )
    reader = Reader("fields", fields)
    columns: dict[str, AttributePath] = {}
    while not columns or reader.take(_COMMA):
        start = reader.at
        path = reader.path()
        columns[fields[start : reader.at].strip()] = path
    if not reader.at_end():
        reader.fail("a comma or the end is expected here.")
    return columns
