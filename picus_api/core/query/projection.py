"""Compile the parameter ``fields`` to DynamoDB's ProjectionExpression."""

import re

from picus_api.core.keys import KEY
from picus_api.core.query.expressions import MAX_EXPRESSION_BYTES, Placeholders, Reader

_COMMA = re.compile(",")


def compile_fields(text: str, placeholders: Placeholders) -> str:
    """Return the ProjectionExpression of ``a,b.c``, to which the key is added. Raises BadParameter."""
    reader = Reader("fields", text)
    paths = {(KEY,), reader.path()}
    while reader.take(_COMMA):
        paths.add(reader.path())
    if not reader.at_end():
        reader.fail("a comma or the end is expected here.")
    # DynamoDB refuses a path beside a shorter path that includes it.
    kept = sorted(path for path in paths if not any(path[:length] in paths for length in range(1, len(path))))
    expression = ", ".join(placeholders.path(path) for path in kept)
    if len(expression) > MAX_EXPRESSION_BYTES:
        reader.fail("there are too many fields for DynamoDB.", 0)
    return expression
