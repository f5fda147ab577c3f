"""Choose how to read what a list asks for: one item by its key, a partition of an index, or the whole table.

An index is used only where it can't change the answer. It holds only items that have all its key attributes, with its
types and not empty, and only the attributes that it projects.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from picus_api.core.dynamodb.table_description import Index
from picus_api.core.errors import BadParameter
from picus_api.core.keys import KEY, MAX_KEY_BYTES
from picus_api.core.query.access_path import TABLE, AccessPath, without_unused
from picus_api.core.query.expressions import Placeholders, Reader
from picus_api.core.query.filters import Comparison, Condition, join_conditions
from picus_api.core.query.key_range import KeyRange, key_range
from picus_api.core.query.projection import Fields
from picus_api.core.values.attribute_values import AttributeValue

_KEY_TYPES = frozenset("SN")
"""The types of keys that JSON has too."""


class Sort(NamedTuple):
    """The order of a list: an attribute of the top level."""

    name: str
    descending: bool


@dataclass(frozen=True)
class ListExpressions:
    """The request of a list: conditions that all its items meet, its fields (None: all), and its order (None: any)."""

    conditions: tuple[Condition, ...]
    fields: Fields | None
    sort: Sort | None
    placeholders: Placeholders

    def partition_names(self) -> list[str]:
        """Return the attributes that a condition compares with =: the possible partition keys of an index."""
        equal = [each for each in _comparisons(self.conditions) if each.operator == "=" and len(each.path) == 1]
        return [each.path[0] for each in equal if not _KEY_TYPES.isdisjoint(each.value or {})]

    def has_number(self, name: str) -> bool:
        """Return True if a condition compares the attribute with a number."""
        found = [each.if_number or each.comparison for each in self.conditions]
        return any(each.path == (name,) and "N" in (each.value or {}) for each in found if each is not None)


ALL_ITEMS = ListExpressions((), None, None, Placeholders())


def parse_sort(text: str) -> Sort:
    """Return the order that ``name`` or ``-name`` (descending) asks for. Raises BadParameter."""
    reader = Reader("sort", text.removeprefix("-"))
    path = reader.path()
    if not reader.at_end() or len(path) > 1 or text.startswith("--"):
        raise BadParameter("The parameter sort takes one attribute of the top level, or - and its name.", "sort")
    return Sort(path[0], text.startswith("-"))


def scan_path(wanted: ListExpressions) -> AccessPath:
    """Return the path that reads the whole table."""
    return AccessPath("scan", "Scan", _parameters(wanted, wanted.conditions, ConsistentRead=True))


def table_path(wanted: ListExpressions) -> AccessPath | None:
    """Return the path to the one item that the conditions name by its key, or None."""
    use = None if wanted.sort else _use(TABLE, wanted, MAX_KEY_BYTES)
    if use is None:
        return None
    if not use.rest:
        key = {KEY: use.partition}
        parameters = _parameters(wanted, (), Key=key, ConsistentRead=True)
        return AccessPath("get", "GetItem", parameters, TABLE, use.partition, is_empty=use.is_empty)
    parameters = _parameters(wanted, use.rest, key=use.expression(wanted.placeholders), ConsistentRead=True)
    return AccessPath("get", "Query", parameters, TABLE, use.partition, is_empty=use.is_empty)


def index_path(
    wanted: ListExpressions, indexes: Iterable[Index], holds_all: Callable[[Index], bool]
) -> AccessPath | None:
    """Return the path over the index that narrows the list most and can't change its answer, or None.

    ``holds_all`` returns True for an index that is known to hold all items with its sort key.
    """
    uses = [use for index in indexes if (use := _use(index, wanted)) and _has_fields(index, wanted, use)]
    # Of equally narrow indexes the one whose name comes first, so that all tasks choose the same.
    uses.sort(key=lambda use: (-len(use.range.comparisons), use.index.sort_key is not None, use.index.name))
    safe = (use for use in uses if use.is_safe)
    found = next(safe, None) or next((use for use in uses if not use.is_safe and holds_all(use.index)), None)
    return None if found is None else _index_path(wanted, found)


def missing_index(wanted: ListExpressions, sort: Sort) -> BadParameter:
    """Return the error for an order that no index gives: it names the index that would."""
    name, equal = sort.name, [each for each in wanted.partition_names() if each != KEY]
    partition = next((each for each in equal if each != name), None)
    if partition is None and name in equal:
        return BadParameter(f"All items of this filter have the same {name}: they have no order by it.", "sort")
    if partition is None:
        return BadParameter(
            f"The parameter sort needs a filter that compares an attribute with =, and the index of that attribute and "
            f"{name}, named ATTRIBUTE-{name}-index.",
            "sort",
        )
    # No index helps where these are, even if it has the right name.
    others = any(
        name in each.names and each.if_number is None and (each.comparison is None or each.comparison.operator == "!=")
        for each in wanted.conditions
    )
    limit = f" The filter may then limit {name} by comparisons without !=, OR and NOT only." if others else ""
    types = {(False, True): " --type N", (True, False): " --type N S", (True, True): " --type N N"}.get(
        (wanted.has_number(partition), wanted.has_number(name)), ""
    )
    return BadParameter(
        f"The parameter sort needs an index that has the items of this filter in the order of {name}: "
        f"{partition}-{name}-index, with all attributes (./picus create_index {partition} {name}{types}).{limit}",
        "sort",
    )


@dataclass(frozen=True)
class _Use:
    """A use of an index for a list. ``rest``: the conditions that the key conditions do not express."""

    index: Index
    partition: AttributeValue
    range: KeyRange
    rest: tuple[Condition, ...]
    is_safe: bool
    is_empty: bool

    def expression(self, placeholders: Placeholders) -> str:
        """Return the KeyConditionExpression."""
        partition = f"{placeholders.path((self.index.partition_key,))} = {placeholders.value(self.partition)}"
        return " AND ".join(filter(None, (partition, self.range.expression(placeholders))))


def _use(index: Index, wanted: ListExpressions, max_bytes: int = MAX_KEY_BYTES) -> _Use | None:
    """Return how the list can use the index; None if it can't.

    A Query takes no filter on the keys of its index: all conditions on them must become key conditions.
    """
    keys = {index.partition_key, index.sort_key} - {None}
    on_keys = [each for each in wanted.conditions if each.names & keys and each.if_number is None]
    rest = tuple(each for each in wanted.conditions if not each.names & keys)
    comparisons = _comparisons(on_keys)
    if len(comparisons) < len(on_keys) or any(len(each.path) > 1 for each in comparisons):
        return None
    of_partition = [each for each in comparisons if each.path[0] == index.partition_key]
    value = _equal_value(of_partition, index.partition_type, max_bytes)
    of_sort_key = [each for each in comparisons if each.path[0] != index.partition_key]
    implied = [each.if_number for each in wanted.conditions if each.if_number is not None]
    found = _range(index, of_sort_key, implied)
    is_sorted = wanted.sort is not None
    if value is None or found is None or (is_sorted and wanted.sort.name != index.sort_key):  # type: ignore[union-attr]
        return None
    if index.sort_key is not None and not of_sort_key and not is_sorted:
        return None
    of_partition += [each for each in implied if each.path[0] == index.partition_key]
    is_empty = found.is_empty or not all(_holds(each, value) for each in of_partition)
    # A list in an order has the items that the index has, which is what its client asked for.
    return _Use(index, value, found, rest, found.holds_all or is_sorted, is_empty)


def _range(index: Index, demanded: list[Comparison], implied: list[Comparison]) -> KeyRange | None:
    """Return the range of the sort key. ``implied``: of items whose attribute is a number, so they demand none."""
    if index.sort_key is None:
        return KeyRange(holds_all=True)
    found = key_range(demanded, index.sort_type)
    more = [each for each in implied if each.path[0] == index.sort_key and index.sort_type == "N"]
    if found is None or not more:
        return found
    narrowed = key_range([*demanded, *more], index.sort_type)
    return None if narrowed is None else narrowed._replace(holds_all=found.holds_all)


def _comparisons(conditions: Sequence[Condition]) -> list[Comparison]:
    return [each.comparison for each in conditions if each.comparison is not None]


def _equal_value(comparisons: Sequence[Comparison], tag: str, max_bytes: int) -> AttributeValue | None:
    """Return the value with which = compares a partition key of this type, if the key can have it."""
    values = [each.value for each in comparisons if each.operator == "=" and each.value is not None]
    others = [each for each in comparisons if each.operator not in ("=", ":*", "begins_with")]
    if len(values) != 1 or others or not 0 < len(str(values[0].get(tag, "")).encode()) <= max_bytes:
        return None
    return values[0]


def _holds(comparison: Comparison, value: AttributeValue) -> bool:
    """Return True if a partition key with this value meets a comparison by =, :*, begins_with, or > if a number."""
    if comparison.operator == ">":
        return "N" not in value or Decimal(value["N"]) > Decimal((comparison.value or value)["N"])
    if comparison.operator != "begins_with" or comparison.value is None:
        return True
    return "S" in value and value["S"].startswith(comparison.value["S"])


def _has_fields(index: Index, wanted: ListExpressions, use: _Use) -> bool:
    """Return True if the index projects all that the list shows and filters."""
    if index.projected is None:
        return True
    names = frozenset().union(*(condition.names for condition in use.rest))
    return wanted.fields is not None and wanted.fields.names | names <= index.projected


def _index_path(wanted: ListExpressions, use: _Use) -> AccessPath:
    index, fields = use.index, wanted.fields
    # A cursor needs the sort key of the last item, whether or not the client asked for that attribute.
    needed = () if fields is None or index.sort_key is None else (index.sort_key,)
    order = {"ScanIndexForward": False} if wanted.sort is not None and wanted.sort.descending else {}
    key = use.expression(wanted.placeholders)
    parameters = _parameters(wanted, use.rest, *needed, key=key, IndexName=index.name, **order)
    selected = fields if needed and (index.sort_key,) not in fields.paths else None  # type: ignore[union-attr]
    name, lowest = f"query {index.name}", use.range.lowest
    return AccessPath(name, "Query", parameters, index, use.partition, selected, use.is_empty, lowest)


def _parameters(
    wanted: ListExpressions, conditions: Sequence[Condition], *needed: str, key: str = "", **others: Any
) -> dict[str, Any]:
    """Return the parameters of a request. DynamoDB refuses empty expressions, and placeholders without use."""
    fields = "" if wanted.fields is None else wanted.fields.expression(wanted.placeholders, *needed)
    expressions = {
        "KeyConditionExpression": key,
        "FilterExpression": join_conditions(conditions),
        "ProjectionExpression": fields,
    }
    found = {name: text for name, text in expressions.items() if text}
    return {**others, **without_unused({**found, **wanted.placeholders.parameters()})}
