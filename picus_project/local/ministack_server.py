"""Run ministack, by the Python of its own environment, with a fix that keeps it from losing saved items.

ministack marks some values in its saved state by names (``__bytes__`` and two more). An item's own attribute of such a
name looks like a mark, so loading fails, ministack starts empty and overwrites the state at its next stop. A mark's
value is never an object; an item's attribute value always is.
"""

import os
import sys
from pathlib import Path
from typing import Any

from ministack.core import persistence

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


persistence._json_object_hook = json_object_hook
persistence.load_state = load_state

if __name__ == "__main__":
    from ministack.app import main

    sys.exit(main())
