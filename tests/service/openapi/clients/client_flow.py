"""Use the generated Python client for every operation on items, with a token: ``client_flow.py URL TOKEN``."""

import sys
from urllib.parse import parse_qs, urlsplit

from picus_client import AuthenticatedClient
from picus_client.api.items import create_item, delete_item, get_item, list_items, patch_item, replace_item
from picus_client.models import Error, Item, Key, Message, NewItem, Patch, Replacement
from picus_client.types import UNSET, Unset


def main(url: str, token: str) -> None:
    with AuthenticatedClient(url, token) as client:
        keys = [create(client, number) for number in range(5)]
        assert sorted(listed_in_pages(client)) == sorted(keys)
        key = "a/b c?ü"
        replaced = replace_item.sync_detailed(
            key, client=client, body=Replacement.from_dict({"n": 1, "deep": {"a": [None]}})
        )
        assert (replaced.status_code, replaced.parsed) == (201, Key(object_id=key))
        etag = get_and_compare(client, key, {"n": 1, "deep": {"a": [None]}})
        patched = patch_item.sync(key, client=client, body=Patch.from_dict({"n": 2, "deep": None}), if_match=etag)
        assert isinstance(patched, Item)
        assert patched.additional_properties == {"n": 2}
        stale = replace_item.sync_detailed(key, client=client, body=Replacement(), if_match=etag)
        assert stale.status_code == 412
        assert isinstance(stale.parsed, Error)
        assert stale.parsed.code == "precondition_failed"
        etag = get_and_compare(client, key, {"n": 2})
        again = replace_item.sync_detailed(key, client=client, body=Replacement.from_dict({"n": 3}), if_match=etag)
        assert again.status_code == 200
        for each in [*keys, key]:
            assert isinstance(delete_item.sync(each, client=client), Message)
        absent = get_item.sync(key, client=client)
        assert isinstance(absent, Error)
        assert absent.error == f'Item with key "{key}" not found'
    with AuthenticatedClient(url, "wrong") as client:
        refused = get_item.sync_detailed("k", client=client)
        assert refused.status_code == 401
        assert isinstance(refused.parsed, Error)
        assert refused.parsed.code == "invalid_token"


def create(client: AuthenticatedClient, number: int) -> str:
    created = create_item.sync(client=client, body=NewItem.from_dict({"page": "python", "n": number}))
    assert isinstance(created, Key)
    return str(created.object_id)


def listed_in_pages(client: AuthenticatedClient) -> list[str]:
    """Return the keys of all pages of two items."""
    keys: list[str] = []
    cursor: str | Unset = UNSET
    while True:
        page = list_items.sync_detailed(client=client, limit=2, filter_='page = "python"', cursor=cursor)
        assert isinstance(page.parsed, list)
        keys += [item.object_id for item in page.parsed]
        link = page.headers.get("Link")
        if link is None:
            return keys
        assert len(page.parsed) == 2
        [cursor] = parse_qs(urlsplit(link[1 : link.index(">")]).query)["cursor"]


def get_and_compare(client: AuthenticatedClient, key: str, expected: dict[str, object]) -> str:
    """Return the ETag of an item that must have these attributes."""
    response = get_item.sync_detailed(key, client=client)
    assert isinstance(response.parsed, Item)
    assert response.parsed.object_id == key
    assert response.parsed.additional_properties == expected
    return str(response.headers["ETag"])


main(sys.argv[1], sys.argv[2])
