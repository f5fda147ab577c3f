"""The query of a list: its parameters, what Prefer asks of it, and the link to its next page."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from django.http import QueryDict
from django.urls import reverse
from rest_framework.request import Request

from picus_api.authentication import access_of
from picus_api.core.access.access import READ, Access
from picus_api.core.dynamodb import table
from picus_api.core.errors import BadParameter
from picus_api.core.expiry import ttl_attribute
from picus_api.core.keys import MAX_KEY_BYTES
from picus_api.core.preferences import parse_prefer
from picus_api.core.query.batch_get import MAX_KEYS
from picus_api.core.query.cursor import List, Position, decode_position, encode_position
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.key_range import MAX_SORT_KEY_BYTES
from picus_api.core.query.list_expressions import parse_list
from picus_api.core.query.pagination import MAX_LIMIT
from picus_api.core.query.plan import ALL_ITEMS, ListExpressions
from picus_api.core.query.projection import compile_fields

MAX_URL_BYTES = 8192
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""

# Percent-encoding makes three bytes of one, of non-ASCII characters up to twelve.
_SURELY_SHORT = 400
_PARAMETERS = ("limit", "cursor", "filter", "fields", "format", "key", "sort")
_NOT_WITH_KEY = ("limit", "cursor", "filter", "sort")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_LONGEST = Position("x" * MAX_KEY_BYTES)


@dataclass(frozen=True)
class ListQuery:
    """The query of a list: ``limit`` items (None: all) from a position on (None: the start), of those wanted.

    ``keys``: the keys of the wanted items, if the client names them. ``count``: exact, estimated, or "" for no count.
    ``strong``: the client asks for strongly consistent reads. ``is_whole``: no filter and no key prefix.
    """

    limit: int | None = None
    position: Position | None = None
    wanted: ListExpressions = ALL_ITEMS
    keys: tuple[str, ...] = ()
    count: str = ""
    strong: bool = False
    is_whole: bool = True


_EVERYTHING = ListQuery()


def list_query(request: Request) -> ListQuery:
    """Return the query of a request. Raises BadParameter, InsufficientScope."""
    access = access_of(request)
    prefer = request.META.get("HTTP_PREFER")
    if not (request.META.get("QUERY_STRING") or access.prefix or prefer or ttl_attribute()):
        return _EVERYTHING
    whole_items = request.accepted_renderer.format == "api"
    return parse_list_query(request.query_params, access, prefer, whole_items=whole_items)


def parse_list_query(
    parameters: QueryDict, access: Access, prefer: str | None = None, *, whole_items: bool = False
) -> ListQuery:
    """Return the query in a list's parameters, for the items that the client may read.

    ``prefer``: the field Prefer. ``whole_items``: check ``fields``, and read all attributes. A page shows the names to
    choose from, and needs ETags.

    An unknown parameter is an error: a list that ignored a misspelt ``limit`` would read the whole table. Names that
    begin with an underscore are ignored, so that clients can make URLs unique. Raises BadParameter, InsufficientScope.
    """
    for name in parameters:
        if name not in _PARAMETERS and not name.startswith("_"):
            raise _unknown_parameter(name)
    limit, cursor, filter_text, fields, sort = (
        _single_value(parameters, name) for name in ("limit", "cursor", "filter", "fields", "sort")
    )
    keys = _keys(parameters, access)
    if not fits(parameters, _LONGEST, access):
        raise too_long(parameters, _LONGEST, access)
    if whole_items and fields is not None:
        compile_fields(fields, Placeholders())
        fields = None
    preferences = parse_prefer(prefer)
    return ListQuery(
        None if limit is None else _parse_limit(limit),
        None if cursor is None else decode_position(cursor, _list_of(parameters, access)),
        parse_list(filter_text, fields, sort, access.prefix),
        keys,
        preferences.get("count", ""),
        preferences.get("consistency") == "strong",
        filter_text is None and not access.prefix,
    )


def next_path(parameters: QueryDict, position: Position, access: Access) -> str:
    """Return the path and query of the page after a position, under the same query and for the same client."""
    following = parameters.copy()
    following["cursor"] = encode_position(position, _list_of(parameters, access))
    return f"{reverse('list')}?{following.urlencode()}"


def longest_position(index_name: str) -> Position:
    """Return a position in an index that takes as much room in a URL as any other."""
    return Position(_LONGEST.key, index_name, {"S": "x" * MAX_SORT_KEY_BYTES})


def fits(parameters: QueryDict, position: Position, access: Access) -> bool:
    """Return True if the link to the page after a position is a URL that CloudFront takes."""
    short = sum(len(parameters.get(name, "")) for name in ("filter", "fields", "sort")) <= _SURELY_SHORT
    return short or len(next_path(parameters, position, access)) <= MAX_URL_BYTES


def too_long(parameters: QueryDict, position: Position, access: Access) -> BadParameter:
    """Return the error for a query that leaves no room for the link to the page after a position."""
    parameter = "filter" if "filter" in parameters else "fields"
    excess = len(next_path(parameters, position, access)) - MAX_URL_BYTES
    return BadParameter(f"The query is too long for pages: shorten it by {excess} bytes.", parameter)


def _list_of(parameters: QueryDict, access: Access) -> List:
    """Return what the cursors of a list belong to."""
    return List(table.table_name(), parameters.get("filter") or "", parameters.get("sort") or "", access.cursor_key)


def _unknown_parameter(name: str) -> BadParameter:
    close = get_close_matches(name.lower(), _PARAMETERS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"a list has {', '.join(_PARAMETERS)}."
    return BadParameter(f"The parameter {json.dumps(name[:40])} is unknown: {hint}", name)


def _single_value(parameters: QueryDict, name: str) -> str | None:
    values = parameters.getlist(name)
    if not values:
        return None
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.", name)
    if not values[0]:
        raise BadParameter.empty(name)
    return values[0]


def _keys(parameters: QueryDict, access: Access) -> tuple[str, ...]:
    """Return the keys of the items that the client names. Raises BadParameter, InsufficientScope."""
    keys: Sequence[str] = parameters.getlist("key")
    if not keys:
        return ()
    for name in _NOT_WITH_KEY:
        if name in parameters:
            raise BadParameter(f"The parameters key and {name} exclude each other.", name)
    if len(keys) > MAX_KEYS:
        raise BadParameter(f"The parameter key is given {len(keys)} times: a list takes {MAX_KEYS} keys.", "key")
    if "" in keys:
        raise BadParameter.empty("key")
    for key in keys:
        access.check_key(READ, key)
    return tuple(keys)


def _parse_limit(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise BadParameter(f"The parameter limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")
    return int(text)
