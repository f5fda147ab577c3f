"""Runs ministack, by the Python of its own environment, so that it never forgets what it saved.

It marks some values in its saved state by names (``__bytes__`` and two more), takes an item's own attributes of these
names for its marks, fails to load, starts empty, and overwrites everything at its next stop. Its marks are never
objects; an item's attributes always are.
"""

import os
import sys
from pathlib import Path
from typing import Any

from ministack.core import persistence

MARKS = ("__account_region_scoped__", "__scoped__", "__bytes__")

_restore = persistence._json_object_hook
_load_state = persistence.load_state


def restore(value: dict[str, Any]) -> Any:
    """What a saved JSON object stands for: itself, where it is an item's."""
    return value if any(isinstance(value.get(mark), dict) for mark in MARKS) else _restore(value)


def load_state(service: str) -> Any:
    """The saved state. One that can't be loaded ends the process before it is overwritten."""
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


persistence._json_object_hook = restore
persistence.load_state = load_state

if __name__ == "__main__":
    from ministack.app import main

    sys.exit(main())
