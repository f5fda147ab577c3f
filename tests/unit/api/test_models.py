"""The PynamoDB model: whole documents, exact numbers, and PynamoDB's own operations beside the store's."""

import pytest

from picus_api.core.errors import ItemNotFound, PreconditionFailed
from picus_api.core.preconditions import ONLY_ABSENT
from picus_api.core.query.access_path import WHOLE_TABLE
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.models import Item
from tests.unit.conftest import Stored

DOCUMENT: AttributeMap = {
    "big": {"N": "12345678901234567890123456789012345678"},
    "self": {"S": "a name that PynamoDB's MapAttribute can't take"},
    "nested": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}, {"N": "1E-130"}]}}},
    "set": {"SS": ["a", "b"]},
    "binary": {"B": "AP8="},
}


def test_document_is_kept_whole(stored: Stored) -> None:
    item = Item.create({name: value for name, value in DOCUMENT.items() if name not in ("set", "binary")})
    fetched = Item.fetch(item.object_id)
    assert fetched.serialize() == item.serialize() == stored(item.object_id)
    assert fetched.etag() == item.etag()


def test_json_text_has_key_first_and_no_version(item_table: str) -> None:
    item = Item.create({"a": {"N": "1.50"}})
    assert item.json_text() == f'{{"object_id":"{item.object_id}","a":1.50}}'.encode()


def test_raw_data_keeps_every_type() -> None:
    data = {"object_id": {"S": "k"}, **DOCUMENT}
    item = Item.from_raw_data(data)
    assert (item.object_id, item.document) == ("k", DOCUMENT)
    assert item.serialize() == data
    assert data == {"object_id": {"S": "k"}, **DOCUMENT}, "the response is unchanged"


def test_pynamodb_scan_finds_whole_items(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # PynamoDB reads AWS_REGION at its import, botocore AWS_DEFAULT_REGION.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    items = [Item.create({"n": {"N": str(number)}}) for number in range(3)]
    found = {item.object_id: item.serialize() for item in Item.scan(consistent_read=True)}
    assert found == {item.object_id: item.serialize() for item in items}


def test_replace_patch_and_pages_go_through_store(item_table: str) -> None:
    assert Item.replace("k", {"a": {"N": "1"}}, None)[1].created
    assert Item.patch("k", {"b": {"N": "2"}}, None)[0].document["b"] == {"N": "2"}
    with pytest.raises(PreconditionFailed):
        Item.replace("k", {}, ONLY_ABSENT)
    visible = {"object_id": {"S": "k"}, "a": {"N": "1"}, "b": {"N": "2"}}
    assert Item.page(WHOLE_TABLE, 10, None, give_up=lambda: False).items == [visible]
    assert [page.items for page in Item.pages()] == [[visible]]


def test_fetch_of_missing_item_raises(item_table: str) -> None:
    with pytest.raises(ItemNotFound):
        Item.fetch("missing")
