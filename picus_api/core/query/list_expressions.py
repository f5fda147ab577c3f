"""Compile the request of a list (filter, fields, order), and choose how to read it. Also for the commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.table_description import TableDescription, describe_table
from picus_api.core.errors import BadParameter, TableUnavailable
from picus_api.core.expiry import ttl_attribute
from picus_api.core.keys import KEY
from picus_api.core.query import index_check
from picus_api.core.query.access_path import WHOLE_TABLE, AccessPath
from picus_api.core.query.cursor import Position, not_of_this_list
from picus_api.core.query.expressions import MAX_EXPRESSION_BYTES, Placeholders
from picus_api.core.query.filters import Comparison, Condition, join_conditions, key_begins_with, parse_filter
from picus_api.core.query.plan import (
    ListExpressions,
    Sort,
    index_path,
    missing_index,
    parse_sort,
    scan_path,
    table_path,
)
from picus_api.core.query.projection import parse_fields

NEW_INDEX_SECONDS = 5.0
"""How old the table's description may be if a cursor is in an index that the description does not have."""


def parse_list(
    filter_text: str | None = None, fields: str | None = None, sort: str | None = None, prefix: str = ""
) -> ListExpressions:
    """Return what a list asks for: the items that meet a filter, that have not expired, and whose key begins so.

    None means all items, all fields, or any order. Raises BadParameter.
    """
    placeholders = Placeholders()
    conditions = [] if filter_text is None else parse_filter(filter_text, placeholders)
    if prefix:
        conditions.append(key_begins_with(prefix, placeholders))
    if name := ttl_attribute():
        conditions.append(_not_expired(name, placeholders))
    if len(join_conditions(conditions)) > MAX_EXPRESSION_BYTES:
        raise BadParameter("The parameter filter is too long for DynamoDB.", "filter", 1)
    return ListExpressions(
        tuple(conditions),
        None if fields is None else parse_fields(fields),
        None if sort is None else parse_sort(sort),
        placeholders,
    )


def _not_expired(name: str, placeholders: Placeholders) -> Condition:
    now = {"N": str(table.now())}
    expression = f"NOT {placeholders.path((name,))} <= {placeholders.value(now)}"
    return Condition(expression, frozenset([name]), if_number=Comparison((name,), ">", now))


def list_expressions(filter_text: str | None, fields: str | None, prefix: str = "") -> dict[str, Any]:
    """Return the parameters of a Scan for a filter, for fields, and for keys that begin with a prefix.

    None means all. Raises BadParameter.
    """
    parameters = scan_path(parse_list(filter_text, fields, prefix=prefix)).parameters
    return {name: content for name, content in parameters.items() if name != "ConsistentRead"}


def choose_path(wanted: ListExpressions, position: Position | None = None, *, strong: bool = False) -> AccessPath:
    """Return how to read a list. It asks for the table's description only if an index could help.

    ``position``: where the list goes on, with or without an index as it began. ``strong``: whether the client prefers
    strongly consistent reads, which an index does not have. An order needs one. Raises BadParameter, TableUnavailable.
    """
    if not wanted.conditions and wanted.fields is None and wanted.sort is None:
        return WHOLE_TABLE
    if position is not None:
        return _path_from(wanted, position)
    if path := table_path(wanted):
        return path
    if wanted.sort is None and (strong or not set(wanted.partition_names()) - {KEY}):
        return scan_path(wanted)
    path = _index_path(wanted, describe_table())
    if path is None and wanted.sort is not None:
        raise missing_index(wanted, wanted.sort)
    return path or scan_path(wanted)


def names_to_sort_by(filter_text: str | None, prefix: str = "") -> frozenset[str]:
    """Return the attributes in whose order an index lists whole items that meet a filter. Raises BadParameter."""
    if filter_text is None:
        return frozenset()
    indexes = describe_table().indexes
    names = {index.sort_key for index in indexes if index.sort_key is not None}
    # A sorted list has the items of its index, so the index need not hold all items.
    wanted = {name: replace(parse_list(filter_text, prefix=prefix), sort=Sort(name, False)) for name in names}
    return frozenset(name for name, each in wanted.items() if index_path(each, indexes, lambda index: False))


def _path_from(wanted: ListExpressions, position: Position) -> AccessPath:
    if not position.index_name:
        return scan_path(wanted)
    for max_age in (60.0, NEW_INDEX_SECONDS):
        if path := _index_path(wanted, describe_table(max_age), position.index_name):
            return path
    raise not_of_this_list()


def _index_path(wanted: ListExpressions, described: TableDescription, name: str | None = None) -> AccessPath | None:
    index_check.forget_other_indexes(described.indexes)
    if name is not None:
        # A list that continues by an index was checked when it began.
        return index_path(wanted, [each for each in described.indexes if each.name == name], lambda index: True)
    return index_path(wanted, described.indexes, index_check.holds_all)


@contextmanager
def as_query_error(expressions: object) -> Iterator[None]:
    """Raise BadParameter, and not TableUnavailable, if DynamoDB refuses the expressions of a list that has some."""
    try:
        yield
    except TableUnavailable as error:
        if expressions and getattr(error.__cause__, "code", "") == "ValidationException":
            raise BadParameter("DynamoDB refuses this filter or these fields.", "filter") from error
        raise
