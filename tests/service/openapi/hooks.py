"""Tell schemathesis what JSON Schema can't say about this API."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import schemathesis
import yaml
from hypothesis import strategies as st
from schemathesis.core import NOT_SET

from picus_api.core.errors import BadParameter
from picus_api.core.query.batch_get import MAX_KEYS
from picus_api.core.query.cursor import decode_cursor, encode_cursor
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import parse_filter
from picus_api.core.query.plan import parse_sort
from picus_api.core.query.projection import parse_fields

TABLE = "picus_data"

_NAMES = st.sampled_from(["name", "size", "address", '"a.b"', "a-b", "_x1"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(".".join)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8).map(json.dumps)
_NUMBERS = st.integers(-(10**30), 10**30).map(str)
_VALUES = st.one_of(_TEXTS, _NUMBERS, st.sampled_from(["true", "false", "null"]))
_COMPARISONS = st.one_of(
    st.builds("{} = {}".format, _PATHS, _VALUES),
    st.builds("{} != {}".format, _PATHS, _VALUES),
    st.builds("{} {} {}".format, _PATHS, st.sampled_from(["<", "<=", ">", ">="]), st.one_of(_TEXTS, _NUMBERS)),
    st.builds("{}:*".format, _PATHS),
    st.builds("begins_with({}, {})".format, _PATHS, _TEXTS),
)
_FILTERS = st.one_of(
    _COMPARISONS,
    _COMPARISONS.map("NOT ({})".format),
    st.lists(_COMPARISONS, min_size=2, max_size=4).map(" AND ".join),
    st.lists(_COMPARISONS, min_size=2, max_size=4).map(" OR ".join),
)
_TAGS = st.from_regex(r'(W/)?"[!#-~]*"', fullmatch=True)

schemathesis.openapi.format("picus-filter", _FILTERS)
schemathesis.openapi.format("picus-cursor", st.text("abc", min_size=1).map(lambda key: _cursor(key, "")))
schemathesis.openapi.format("entity-tags", st.one_of(st.just("*"), st.lists(_TAGS, min_size=1).map(", ".join)))
schemathesis.openapi.format("idempotency-key", st.uuids().map('"{}"'.format))
schemathesis.openapi.format("picus-sort", _NAMES | _NAMES.map("-{}".format))
schemathesis.openapi.format("picus-fields", st.lists(_NAMES, min_size=1, max_size=3, unique=True).map(",".join))


def _cursor(key: str, filter_text: str) -> str:
    return encode_cursor(key, TABLE, filter_text)


# DynamoDB's numbers.
_LARGEST, _SMALLEST, _DIGITS = 1e126, 1e-130, 10**38 - 1
# The description allows any JSON value. Schemathesis generates values that DynamoDB can hold, to expect a success.
_VALUE = {
    "anyOf": [
        {"type": ["null", "boolean", "string"]},
        {"type": "integer", "minimum": -_DIGITS, "maximum": _DIGITS},
        {"type": "number", "minimum": _SMALLEST, "exclusiveMaximum": _LARGEST},
        {"type": "number", "exclusiveMinimum": -_LARGEST, "maximum": -_SMALLEST},
        {"type": "array", "items": {"$ref": "#/components/schemas/Value"}},
        {
            "type": "object",
            "additionalProperties": {"$ref": "#/components/schemas/Value"},
            "propertyNames": {"minLength": 1},
        },
    ]
}

_RESERVED_KEYS = [
    ("/picus/put/{key}", "put", ["list", "list/", "put", ".", ".."]),
    ("/picus/put/{key}", "patch", ["list", "list/", "put", ".", ".."]),
    ("/picus/{key}", "delete", ["list", "put"]),
]


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Replace "any JSON value" by the values that DynamoDB can hold, and leave out reserved keys."""
    schemas = raw_schema["components"]["schemas"]
    for name in ("NewItem", "Replacement", "Patch", "Item"):
        assert schemas[name]["additionalProperties"] == {}
        schemas[name]["additionalProperties"] = {"$ref": "#/components/schemas/Value"}
    schemas["Value"] = _VALUE
    for path, method, keys in _RESERVED_KEYS:
        [key] = [each for each in raw_schema["paths"][path][method]["parameters"] if each["name"] == "key"]
        key["schema"]["not"] = {"enum": keys}


_PARSERS: dict[str, Callable[[str], object]] = {
    "fields": parse_fields,
    "filter": lambda text: parse_filter(text, Placeholders()),
}


def _remove_unless_valid(query: Any, name: str, parse: Callable[[str], object]) -> None:
    try:
        parse(query[name])
    except BadParameter:
        del query[name]


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]) -> None:
    """Make the parts of a request consistent where the description says so in prose only."""
    query: Any = case.query or {}
    with suppress(BadParameter, KeyError, AttributeError, TypeError):
        # An order needs an index, which the table does not have.
        parse_sort(query["sort"])
        del query["sort"]
    with suppress(KeyError, AttributeError, TypeError):
        # The other parameters exclude keys.
        if query.keys() & {"limit", "cursor", "filter", "sort"} and all(query["key"]) and len(query["key"]) <= MAX_KEYS:
            del query["key"]
    # A change above can make valid what schemathesis made invalid, but a text without its format stays.
    if case.meta is not None and case.meta.generation.mode.is_positive:
        for name, parse in _PARSERS.items():
            with suppress(KeyError, AttributeError, TypeError):
                _remove_unless_valid(query, name, parse)
    with suppress(BadParameter, KeyError, AttributeError, TypeError):
        # A cursor is valid for one filter only.
        query["cursor"] = _cursor(decode_cursor(query["cursor"], TABLE, ""), query.get("filter", ""))
    if (
        isinstance(case.body, dict)
        and isinstance(case.body.get("object_id"), str)
        and case.operation.path != "/picus/put"
    ):
        # The description says that it must be the key in the path.
        case.body["object_id"] = unquote((case.path_parameters or {})["key"])
    if case.method == "GET":
        # CloudFront refuses every GET with a body: 403.
        case.body = NOT_SET


@schemathesis.deserializer("application/vnd.oai.openapi")
def document(context: Any, response: schemathesis.Response) -> Any:
    """Parse YAML, which has this media type too."""
    return yaml.safe_load(response.content)
