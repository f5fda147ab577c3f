"""What schemathesis has to know of this API that JSON Schema has no words for."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import schemathesis
import yaml
from hypothesis import strategies as st
from schemathesis.core import NOT_SET

from picus_api.core.errors import BadParameter
from picus_api.core.query.cursor import decode_cursor, encode_cursor

NDJSON = "application/x-ndjson"
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
schemathesis.openapi.format("picus-fields", st.lists(_NAMES, min_size=1, max_size=3, unique=True).map(",".join))


def _cursor(key: str, filter_text: str) -> str:
    return encode_cursor(key, TABLE, filter_text)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]) -> None:
    """Make the parts of a request fit together where the description can only say so in words."""
    query: Any = case.query or {}
    headers: Any = case.headers or {}
    with suppress(BadParameter, KeyError, AttributeError, TypeError):
        # A cursor is good for the filter that it was made for.
        query["cursor"] = _cursor(decode_cursor(query["cursor"], TABLE, ""), query.get("filter", ""))
    if case.media_type == NDJSON:
        # It stands for one item.
        headers.pop("Idempotency-Key", None)
    if (
        isinstance(case.body, dict)
        and isinstance(case.body.get("object_id"), str)
        and case.operation.path != "/picus/put"
    ):
        # It is the key in the path, or left out.
        case.body["object_id"] = unquote((case.path_parameters or {})["key"])
    if case.method == "GET":
        # CloudFront itself refuses a GET with a body: 403, before any path is looked at.
        case.body = NOT_SET


@schemathesis.serializer(NDJSON)
def lines(context: Any, value: Any) -> bytes:
    """An array as a line for each element. What is no array is no lines: an array in a line, which is refused."""
    elements = value if isinstance(value, list) else [[value]]
    return "".join(f"{json.dumps(element)}\n" for element in elements).encode()


@schemathesis.deserializer("application/vnd.oai.openapi")
def document(context: Any, response: schemathesis.Response) -> Any:
    """YAML under OpenAPI's own name."""
    return yaml.safe_load(response.content)


@schemathesis.deserializer(NDJSON)
def elements(context: Any, response: schemathesis.Response) -> list[Any]:
    """Lines as the array that the description says they are."""
    return [json.loads(line) for line in response.content.splitlines()]
