"""The expressions of a list: its filter and its fields, for the service and for ``list_items``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from picus_api.core.errors import BadParameter, TableUnavailable
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import compile_filter, key_begins_with
from picus_api.core.query.projection import compile_fields


def list_expressions(filter_text: str | None, fields: str | None, prefix: str = "") -> dict[str, Any]:
    """Return the parameters of a Scan for a filter, for fields, and for keys that begin with a prefix.

    None means all. Raises BadParameter.
    """
    placeholders = Placeholders()
    expressions = {}
    if filter_text is not None:
        expressions["FilterExpression"] = compile_filter(filter_text, placeholders, prefix)
    elif prefix:
        expressions["FilterExpression"] = key_begins_with(prefix, placeholders)
    if fields is not None:
        expressions["ProjectionExpression"] = compile_fields(fields, placeholders)
    return {**expressions, **placeholders.parameters()}


@contextmanager
def as_query_error(expressions: dict[str, Any]) -> Iterator[None]:
    """Raise BadParameter, and not TableUnavailable, if DynamoDB refuses the expressions."""
    try:
        yield
    except TableUnavailable as error:
        if expressions and getattr(error.__cause__, "code", "") == "ValidationException":
            raise BadParameter("DynamoDB refuses this filter or these fields.", "filter") from error
        raise
