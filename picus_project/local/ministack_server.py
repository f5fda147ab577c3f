"""Run ministack, by the Python of its own environment, with two fixes and one shortcut.

ministack marks some values in its saved state by names (``__bytes__`` and two more). An item's own attribute of such a
name looks like a mark, so loading fails, ministack starts empty and overwrites the state at its next stop. A mark's
value is never an object; an item's attribute value always is.

ministack refuses begins_with on an attribute that is a number, where DynamoDB finds no match.

ministack sorts all keys of a table for each page of a Scan: a quarter of a second for 100,000 items. Here it gets the
keys of the page alone.
"""

import builtins
import heapq
import os
import sys
from collections.abc import Iterable, KeysView
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.core import persistence
from ministack.services import dynamodb

MARKS = ("__account_region_scoped__", "__scoped__", "__bytes__")

_json_object_hook = persistence._json_object_hook
_load_state = persistence.load_state


def json_object_hook(value: dict[str, Any]) -> Any:
    """Return the value of a saved JSON object; an item's attributes stay as they are."""
    return value if any(isinstance(value.get(mark), dict) for mark in MARKS) else _json_object_hook(value)


def load_state(service: str) -> Any:
    """Return the saved state. End the process if the state can't be loaded, before it is overwritten."""
    saved = Path(persistence.STATE_DIR) / f"{service}.json"
    try:
        state = _load_state(service)
    except Exception as error:
        state, reason = None, repr(error)
    else:
        reason = "it is damaged or newer than this ministack"
    if state is None and saved.exists():
        print(f"ministack can't load {saved}, which stays as it is: {reason}", file=sys.stderr, flush=True)
        os._exit(1)
    return state


def begins_with(evaluator: Any) -> bool:
    """Return what begins_with returns, and False for an attribute that is neither text nor binary."""
    try:
        return bool(_begins_with(evaluator))
    except ValueError as error:
        # The type of the operand is checked before items are read: this is the type of an attribute.
        if "Incorrect operand type" in str(error):
            return False
        raise


def scan(request: dict[str, Any]) -> Any:
    """Return what ministack's Scan returns."""
    token = _page.set(_page_of(request))
    try:
        return _scan(request)
    finally:
        _page.reset(token)


def _page_of(request: dict[str, Any]) -> tuple[int, str] | None:
    """Return the limit and the first key of a page of a table with a text as its key, or None."""
    limit, start = request.get("Limit"), request.get("ExclusiveStartKey", {"": {"S": ""}})
    if not isinstance(limit, int) or limit < 1 or {"IndexName", "Segment"} & request.keys() or len(start) != 1:
        return None
    [key] = start.values()
    return (limit, key["S"]) if "S" in key else None


def sort(values: Iterable[Any], **options: Any) -> list[Any]:
    """Return the values in order. Of a large table, return only the keys of the page and their two neighbours."""
    page = _page.get()
    if page is None or not isinstance(values, KeysView) or len(values) < SMALLEST_SHARE * page[0]:
        return builtins.sorted(values, **options)
    limit, start = page
    return heapq.nsmallest(limit + 2, (key for key in values if key >= start))


SMALLEST_SHARE = 10
"""The shortcut is for tables with this many times the keys of a page."""

_page: ContextVar[tuple[int, str] | None] = ContextVar("page", default=None)
_scan = dynamodb._scan
dynamodb._scan = scan
dynamodb.sorted = sort
_begins_with = dynamodb._ExprEval._fn_begins_with
dynamodb._ExprEval._fn_begins_with = begins_with
persistence._json_object_hook = json_object_hook
persistence.load_state = load_state

if __name__ == "__main__":
    from ministack.app import main

    sys.exit(main())
