"""Run ministack, by the Python of its own environment, with two fixes.

ministack marks some values in its saved state by names (``__bytes__`` and two more). An item's own attribute of such a
name looks like a mark, so loading fails, ministack starts empty and overwrites the state at its next stop. A mark's
value is never an object; an item's attribute value always is.

ministack refuses begins_with on an attribute that is a number, where DynamoDB finds no match.
"""

import os
import sys
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


_begins_with = dynamodb._ExprEval._fn_begins_with
dynamodb._ExprEval._fn_begins_with = begins_with
persistence._json_object_hook = json_object_hook
persistence.load_state = load_state

if __name__ == "__main__":
    from ministack.app import main

    sys.exit(main())
