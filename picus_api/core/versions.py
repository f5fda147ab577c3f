"""The hidden version of a row: a new one with every write."""

import re
from os import urandom

from picus_api.core.attributes import AttributeValue

NAME = "picus_version"

_TOKEN = re.compile(r"v1:[0-9a-f]{32}")


def new_token() -> AttributeValue:
    """A version that no row has had before."""
    return {"S": f"v1:{urandom(16).hex()}"}


def is_token(attribute: AttributeValue) -> bool:
    """Whether this value of the attribute was written by Picus, and isn't a client's own."""
    text = attribute.get("S")
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None
