"""Expiry of items by DynamoDB's TTL: an attribute with the time (whole seconds since 1970) at which an item expires.

DynamoDB removes expired items within days. Until then all code treats them as absent.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

import os
from typing import Any

from picus_api.core.dynamodb import table
from picus_api.core.environment import SettingError
from picus_api.core.keys import KEY
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.version_attribute import VERSION

SETTING = "TTL_ATTRIBUTE"
MAX_NAME_BYTES = 255


def ttl_attribute() -> str | None:
    """Return the attribute by which items expire, or None if they don't."""
    return os.environ.get(SETTING) or None


def check_setting() -> None:
    """Raise SettingError if TTL_ATTRIBUTE can't be the attribute of DynamoDB's TTL."""
    name = ttl_attribute()
    if name in (KEY, VERSION) or len((name or "").encode(errors="replace")) > MAX_NAME_BYTES:
        raise SettingError(
            f"{SETTING} must be an attribute of the items of at most {MAX_NAME_BYTES} bytes, not {name!r}."
        )


def is_expired(item: AttributeMap) -> bool:
    """Return True if the item has expired. Only a number is a time; an item with another value never expires."""
    name = ttl_attribute()
    return name is not None and "N" in (value := item.get(name, {})) and float(value["N"]) <= table.now()


def expired_expression(names: dict[str, str], values: dict[str, Any]) -> str | None:
    """Return the expression that is true for expired items, and add its placeholders; None if items don't expire."""
    name = ttl_attribute()
    if name is None:
        return None
    names["#ttl"] = name
    values[":now"] = {"N": str(table.now())}
    return "#ttl <= :now"
