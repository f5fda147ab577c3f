"""Expired items are absent for every operation of the store, before DynamoDB removes them."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from picus_api.core import expiry, store
from picus_api.core.dynamodb import table
from picus_api.core.environment import SettingError
from picus_api.core.errors import ItemNotFound, PicusError, PreconditionFailed
from picus_api.core.etag import etag
from picus_api.core.preconditions import ONLY_ABSENT, ONLY_PRESENT, Preconditions
from tests.unit.conftest import Stored

PAST = {"N": str(int(time.time()) - 5)}
NOT_EXPIRED: list[dict[str, Any]] = [{"N": str(int(time.time()) + 3600)}, {"S": "1"}, {"NULL": True}, {"N": "9e20"}]


def put(key: str, **attributes: Any) -> dict[str, Any]:
    item = {"object_id": {"S": key}, **attributes}
    table.call("PutItem", Item=item)
    return item


@pytest.fixture
def expiring(item_table: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return an expired item under the key k."""
    monkeypatch.setenv("TTL_ATTRIBUTE", "expires_at")
    return put("k", expires_at=PAST, n={"N": "1"})


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (lambda tags: store.get("k"), ItemNotFound),
        (lambda tags: store.patch("k", {}), ItemNotFound),
        (lambda tags: store.patch("k", {}, tags), PreconditionFailed),
        (lambda tags: store.replace("k", {}, tags), PreconditionFailed),
        (lambda tags: store.replace("k", {}, ONLY_PRESENT), PreconditionFailed),
        (lambda tags: store.delete("k"), ItemNotFound),
        (lambda tags: store.delete("k", ONLY_PRESENT), PreconditionFailed),
        (lambda tags: store.delete("k", tags), PreconditionFailed),
    ],
)
def test_expired_item_is_absent(
    expiring: dict[str, Any], operation: Callable[[Preconditions], object], error: type[PicusError]
) -> None:
    with pytest.raises(error) as refused:
        operation(Preconditions(frozenset([etag(expiring)]), None))
    assert "not found" in refused.value.message or "not there to match" in refused.value.message


@pytest.mark.parametrize("preconditions", [None, ONLY_ABSENT, Preconditions(None, frozenset(['"x"']))])
def test_replacing_expired_item_creates(
    expiring: dict[str, Any], stored: Stored, preconditions: Preconditions | None
) -> None:
    assert store.replace("k", {"n": {"N": "2"}}, preconditions).created
    assert store.get("k")["n"] == {"N": "2"}
    assert "expires_at" not in (stored("k") or {})


@pytest.mark.parametrize("value", NOT_EXPIRED)
def test_other_items_are_there(expiring: dict[str, Any], value: dict[str, Any]) -> None:
    item = put("other", expires_at=value)
    assert store.get("other") == item
    if "S" in value:
        return  # moto fails when it compares a text with a number, which DynamoDB calls unequal.
    assert not store.replace("other", {"expires_at": value}).created
    with pytest.raises(PreconditionFailed):
        store.replace("other", {}, ONLY_ABSENT)
    store.delete("other", ONLY_PRESENT)


def test_items_stay_without_the_setting(item_table: str) -> None:
    item = put("k", expires_at=PAST)
    assert store.get("k") == item
    store.delete("k")


@pytest.mark.parametrize("name", ["object_id", "picus_version", "x" * 256])
def test_invalid_ttl_attribute_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TTL_ATTRIBUTE", name)
    with pytest.raises(SettingError, match="TTL_ATTRIBUTE"):
        expiry.check_setting()
