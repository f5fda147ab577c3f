"""The query of a list: ``limit``, ``cursor``, ``fields`` and ``filter``, for table.scan's terms."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from picus_api.core import table
from picus_api.core.cursors import decode_cursor, encode_cursor
from picus_api.core.errors import BadParameter
from picus_api.core.expressions import Placeholders
from picus_api.core.filters import compile_filter
from picus_api.core.projection import compile_fields
from picus_api.core.searching import MAX_LIMIT

# Of a page in a browser, where the query has no limit.
HTML_PAGE_ITEMS = 25

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class ListQuery:
    """What a list is to hold: ``limit`` items or all, behind the key ``after``, under Scan's ``expressions``."""

    limit: int | None = None
    after: str | None = None
    expressions: dict[str, Any] = field(default_factory=dict)


def list_query(parameters: QueryDict) -> ListQuery:
    """The query of a list; parameters of other names mean nothing. Raises BadParameter."""
    limit = _one(parameters, "limit")
    cursor = _one(parameters, "cursor")
    filter_text = _one(parameters, "filter")
    return ListQuery(
        None if limit is None else _limit(limit),
        None if cursor is None else decode_cursor(cursor, table.table_name(), filter_text or ""),
        _expressions(_one(parameters, "fields"), filter_text),
    )


def next_path(parameters: QueryDict, next_key: str) -> str:
    """The path of the page behind a key, under the same query."""
    following = parameters.copy()
    following["cursor"] = encode_cursor(next_key, table.table_name(), parameters.get("filter") or "")
    return f"{reverse('list')}?{following.urlencode()}"


def _one(parameters: QueryDict, name: str) -> str | None:
    values = parameters.getlist(name)
    if not values:
        return None
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.", name)
    if not values[0]:
        raise BadParameter(f"The parameter {name} is empty: leave it out.", name)
    return values[0]


def _limit(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise BadParameter(f"The parameter limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")
    return int(text)


def _expressions(fields: str | None, filter_text: str | None) -> dict[str, Any]:
    placeholders = Placeholders()
    expressions = {}
    if filter_text is not None:
        expressions["FilterExpression"] = compile_filter(filter_text, placeholders)
    if fields is not None:
        expressions["ProjectionExpression"] = compile_fields(fields, placeholders)
    return {**expressions, **placeholders.parameters()}
