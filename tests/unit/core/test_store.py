"""The store's operations on a table, with every precondition."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from picus_api.core import idempotency, store
from picus_api.core.dynamodb import table
from picus_api.core.errors import (
    BadValue,
    IdempotencyKeyReused,
    InvalidKey,
    ItemNotFound,
    ItemTooLarge,
    PicusError,
    PreconditionFailed,
    TableMissing,
    WriteConflict,
)
from picus_api.core.etag import etag
from picus_api.core.preconditions import ONLY_ABSENT, ONLY_PRESENT, Preconditions, parse_preconditions
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.version_attribute import has_version
from tests.unit.conftest import Stored

Write = Callable[[str, AttributeMap, Preconditions | None], object]

ONE, TWO = {"n": {"N": "1"}}, {"n": {"N": "2"}}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WIDE = {f"a{index}": {"N": "1"} for index in range(150)}
# moto's limit is 405,000 bytes: room for the key and the text, and none for a version.
NEARLY_FULL = {"text": {"S": "x" * (405_000 - 9 - 36 - 4 - 20)}}
TOO_LARGE = {"text": {"S": "x" * 410_000}}


def match(*tags: str) -> Preconditions | None:
    return parse_preconditions(", ".join(tags), None)


def none_match(*tags: str) -> Preconditions | None:
    return parse_preconditions(None, ", ".join(tags))


def put_raw(key: str, **attributes: Any) -> None:
    """Write an item as another program would."""
    table.call("PutItem", Item={"object_id": {"S": key}, **attributes})


def do_replace(key: str, document: AttributeMap, preconditions: Preconditions | None) -> object:
    return store.replace(key, document, preconditions)


def do_patch(key: str, document: AttributeMap, preconditions: Preconditions | None) -> object:
    return store.patch(key, document, preconditions)


def do_delete(key: str, document: AttributeMap, preconditions: Preconditions | None) -> object:
    store.delete(key, preconditions)
    return None


EVERY_WRITE = pytest.mark.parametrize("write", [do_replace, do_patch, do_delete])


def test_create_assigns_uuid_and_version(stored: Stored) -> None:
    item = store.create(ONE)
    assert UUID.fullmatch(item["object_id"]["S"])
    assert has_version(item)
    assert item["n"] == {"N": "1"}
    assert stored(item["object_id"]["S"]) == item
    assert store.get(item["object_id"]["S"]) == item


def test_create_refuses_document_with_key(item_table: str) -> None:
    with pytest.raises(BadValue) as refused:
        store.create({"object_id": {"S": "mine"}})
    assert refused.value.pointer == "/object_id"


def test_create_drops_version_of_full_item(stored: Stored) -> None:
    item = store.create(NEARLY_FULL)
    assert not has_version(item)
    assert stored(item["object_id"]["S"]) == item


@pytest.mark.parametrize("method", ["create", "replace", "patch"])
def test_every_write_refuses_too_large_item(item_table: str, method: str) -> None:
    put_raw("x")
    arguments: tuple[Any, ...] = (TOO_LARGE,) if method == "create" else ("x", TOO_LARGE)
    with pytest.raises(ItemTooLarge):
        getattr(store, method)(*arguments)


@pytest.mark.parametrize("method", ["replace", "patch"])
def test_replace_and_patch_drop_version_when_full(stored: Stored, method: str) -> None:
    key = "k" * 36
    put_raw(key)
    getattr(store, method)(key, NEARLY_FULL)
    assert stored(key) == {"object_id": {"S": key}, **NEARLY_FULL}


def test_get_raises_not_found_for_missing_item(item_table: str) -> None:
    for key in ("missing", "", "x" * 2049, "é" * 1025):
        with pytest.raises(ItemNotFound) as missing:
            store.get(key)
        assert missing.value.key == key


def test_missing_table_is_unavailable(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", "missing")
    for call in (lambda: store.get("x"), lambda: store.create(ONE), lambda: store.delete("x")):
        with pytest.raises(TableMissing):
            call()


def test_replace_says_whether_it_created(stored: Stored) -> None:
    first, second = store.replace("x", ONE), store.replace("x", TWO)
    assert (first.created, second.created) == (True, False)
    assert stored("x") == second.item
    assert first.item["picus_version"] != second.item["picus_version"]


def test_replace_accepts_document_that_repeats_key(stored: Stored) -> None:
    store.replace("x", {"object_id": {"S": "x"}, **ONE})
    assert (stored("x") or {})["n"] == {"N": "1"}


@pytest.mark.parametrize("write", [do_replace, do_patch])
def test_writes_refuse_document_with_other_key(item_table: str, write: Write) -> None:
    for other in ({"S": "y"}, {"N": "1"}):
        with pytest.raises(BadValue) as refused:
            write("x", {"object_id": other}, None)
        assert refused.value.pointer == "/object_id"


@pytest.mark.parametrize("write", [do_replace, do_patch])
@pytest.mark.parametrize("key", ["", "list", "list/", "put", "put/x", "get/x", ".", "..", "x" * 2049])
def test_writes_refuse_reserved_and_long_keys(item_table: str, write: Write, key: str) -> None:
    with pytest.raises(InvalidKey):
        write(key, ONE, None)


@pytest.mark.parametrize("write", [do_replace, do_patch])
def test_writes_refuse_version_of_the_service(item_table: str, write: Write) -> None:
    put_raw("x")
    with pytest.raises(BadValue) as refused:
        write("x", {"picus_version": {"S": "v1:" + "0" * 32}}, None)
    assert refused.value.pointer == "/picus_version"


@EVERY_WRITE
def test_matching_etag_lets_write_through(stored: Stored, write: Write) -> None:
    tag = etag(store.replace("x", ONE).item)
    write("x", TWO, match('"other"', tag))
    assert (stored("x") or TWO)["n"] == {"N": "2"}


@EVERY_WRITE
def test_weak_form_of_etag_matches(item_table: str, write: Write) -> None:
    write("x", TWO, match("W/" + etag(store.replace("x", ONE).item)))


@EVERY_WRITE
def test_star_matches_any_item(item_table: str, write: Write) -> None:
    store.replace("x", ONE)
    write("x", TWO, ONLY_PRESENT)


@EVERY_WRITE
def test_other_etag_leaves_item_unchanged(stored: Stored, write: Write) -> None:
    item = store.replace("x", ONE).item
    with pytest.raises(PreconditionFailed, match="has changed: get it again"):
        write("x", TWO, match('"other"'))
    assert stored("x") == item


@EVERY_WRITE
@pytest.mark.parametrize("tag", ["*", '"other"'])
def test_if_match_fails_for_missing_item(stored: Stored, write: Write, tag: str) -> None:
    with pytest.raises((PreconditionFailed, ItemNotFound)) as failed:
        write("x", TWO, match(tag))
    assert type(failed.value) is PreconditionFailed
    assert stored("x") is None


@EVERY_WRITE
def test_if_none_match_protects_named_item(stored: Stored, write: Write) -> None:
    item = store.replace("x", ONE).item
    for preconditions in (ONLY_ABSENT, none_match('"other"', etag(item))):
        with pytest.raises(PreconditionFailed, match="exists already"):
            write("x", TWO, preconditions)
    assert stored("x") == item


@EVERY_WRITE
def test_if_none_match_ignores_other_etag(stored: Stored, write: Write) -> None:
    item = store.replace("x", ONE).item
    write("x", TWO, none_match('"other"'))
    assert stored("x") != item


@pytest.mark.parametrize("preconditions", [ONLY_ABSENT, none_match('"other"')])
def test_replace_creates_under_if_none_match(stored: Stored, preconditions: Preconditions) -> None:
    assert store.replace("x", ONE, preconditions).created
    assert (stored("x") or {})["n"] == {"N": "1"}


@pytest.mark.parametrize("write", [do_patch, do_delete])
@pytest.mark.parametrize("preconditions", [None, ONLY_ABSENT, none_match('"other"')])
def test_missing_item_is_not_found(item_table: str, write: Write, preconditions: Preconditions | None) -> None:
    with pytest.raises(ItemNotFound):
        write("x", TWO, preconditions)


@EVERY_WRITE
def test_wide_item_without_version_can_not_be_guarded(stored: Stored, write: Write) -> None:
    """Such an item has too many attributes for one condition, and no version that stands for all of them."""
    put_raw("x", **WIDE)
    with pytest.raises(PreconditionFailed, match="too many attributes"):
        write("x", TWO, match(etag(stored("x") or {})))


def test_patch_of_wide_item_without_version_conflicts(item_table: str) -> None:
    put_raw("x", **WIDE)
    with pytest.raises(WriteConflict, match="too many attributes"):
        store.patch("x", TWO)


def test_wide_item_with_version_is_guarded(stored: Stored) -> None:
    tag = etag(store.replace("x", WIDE).item)
    store.delete("x", match(tag))
    assert stored("x") is None


@EVERY_WRITE
def test_etag_matches_item_of_other_program(stored: Stored, write: Write) -> None:
    put_raw("x", n={"N": "1.50"}, tags={"SS": ["b", "a"]}, raw={"B": "AP8="})
    before = stored("x") or {}
    write("x", TWO, match(etag(before)))
    assert stored("x") != before


def test_patch_merges_and_removes(stored: Stored) -> None:
    store.replace("x", {"keep": {"N": "1.5"}, "drop": {"S": "a"}, "deep": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}})
    changes: AttributeMap = {"drop": {"NULL": True}, "deep": {"M": {"a": {"NULL": True}, "c": {"BOOL": True}}}}
    patched = store.patch("x", changes).item
    assert stored("x") == patched
    assert {name: patched[name] for name in patched if name not in ("object_id", "picus_version")} == {
        "keep": {"N": "1.5"},
        "deep": {"M": {"b": {"N": "2"}, "c": {"BOOL": True}}},
    }


def interfere(monkeypatch: pytest.MonkeyPatch, operation: str, meanwhile: Callable[[], object]) -> None:
    """Let ``meanwhile`` run once, before the first call of an operation by the store."""
    call = table.call
    waiting = [meanwhile]

    def interfered(called: str, **request: Any) -> bytes:
        if called == operation and waiting:
            waiting.pop()()
        return call(called, **request)

    monkeypatch.setattr(table, "call", interfered)


def test_patch_is_repeated_after_another_write(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    store.replace("x", ONE)
    interfere(monkeypatch, "PutItem", lambda: put_raw("x", other={"S": "theirs"}))
    store.patch("x", {"mine": {"BOOL": True}})
    item = stored("x") or {}
    assert (item["other"], item["mine"], "n" in item) == ({"S": "theirs"}, {"BOOL": True}, False)


def test_patch_gives_up_beside_endless_writes(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.replace("x", ONE)
    monkeypatch.setattr(store, "CONFLICT_SECONDS", 0.1)
    call = table.call

    def interfered(operation: str, **request: Any) -> bytes:
        if operation == "PutItem":
            call("PutItem", Item=store.new_item(ONE) | {"object_id": {"S": "x"}})
        return call(operation, **request)

    monkeypatch.setattr(table, "call", interfered)
    with pytest.raises(WriteConflict, match="is being changed by others"):
        store.patch("x", TWO)


@pytest.mark.parametrize("write", [do_replace, do_patch])
def test_write_between_read_and_write_fails_match(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    tag = etag(store.replace("x", ONE).item)
    interfere(monkeypatch, "PutItem", lambda: put_raw("x", other={"S": "theirs"}))
    with pytest.raises(PreconditionFailed, match="has changed: get it again"):
        write("x", TWO, match(tag))
    assert stored("x") == {"object_id": {"S": "x"}, "other": {"S": "theirs"}}


def test_create_between_read_and_replace_fails(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    interfere(monkeypatch, "PutItem", lambda: put_raw("x", other={"S": "theirs"}))
    with pytest.raises(PreconditionFailed, match="exists already"):
        store.replace("x", TWO, none_match('"other"'))
    assert stored("x") == {"object_id": {"S": "x"}, "other": {"S": "theirs"}}


def test_create_once_stores_one_item_per_key(stored: Stored) -> None:
    first = store.create_once("key", ONE)
    again = store.create_once("key", ONE)
    other = store.create_once("other key", ONE)
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    assert first[:2] == again[:2] != other[:2]
    assert (first.item, again.item) == (stored(first.object_id), None)
    assert first.etag == etag(stored(first.object_id) or {})


def test_create_once_refuses_other_document(item_table: str) -> None:
    store.create_once("key", ONE)
    with pytest.raises(IdempotencyKeyReused):
        store.create_once("key", TWO)


def test_create_once_ignores_expired_record(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "LIFETIME_SECONDS", -10)
    assert store.create_once("key", ONE) != store.create_once("key", ONE)


def test_create_once_refuses_document_with_key(item_table: str) -> None:
    with pytest.raises(PicusError) as refused:
        store.create_once("key", {"object_id": {"S": "mine"}})
    assert refused.value.code == "invalid_value"
