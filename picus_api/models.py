"""The PynamoDB model of an item."""

import os
from collections.abc import Iterator, Sequence

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from picus_api.core import store
from picus_api.core.etag import etag
from picus_api.core.idempotency import Created
from picus_api.core.keys import KEY
from picus_api.core.preconditions import Preconditions
from picus_api.core.query import pagination
from picus_api.core.query.access_path import WHOLE_TABLE, AccessPath
from picus_api.core.query.batch_get import read_keys
from picus_api.core.query.pagination import GiveUp, Page
from picus_api.core.query.projection import Fields
from picus_api.core.store import Written
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.to_json import json_from_attributes
from picus_api.core.values.version_attribute import remove_version


class Item(Model):
    """One item: the key beside the client's own attributes, all of them in the wire form.

    PynamoDB drops attributes that a model does not declare, and passes numbers through float. So ``serialize`` and
    ``from_raw_data`` carry the attribute map as it is, and reads and writes go through the store (core/store.py), which
    keeps versions and preconditions. PynamoDB's own operations (``Item.scan``, ``Item.batch_get``) work too, by
    PynamoDB's own client.
    """

    class Meta:
        table_name = os.environ.get("DYNAMODB_TABLE_NAME", "")
        host = os.environ.get("DYNAMODB_ENDPOINT_URL") or None
        billing_mode = "PAY_PER_REQUEST"

    object_id = UnicodeAttribute(hash_key=True)
    document: AttributeMap
    """The client's own attributes and the version attribute, as stored."""

    def serialize(self, null_check: bool = True) -> AttributeMap:
        """Return the whole item as an attribute map."""
        return {KEY: {"S": self.object_id}, **self.document}

    @classmethod
    def from_raw_data(cls, data: AttributeMap) -> "Item":
        """Return the item with this attribute map."""
        document = dict(data)
        # Without PynamoDB's __init__, which sets defaults and discriminators that this model does not have.
        item = cls.__new__(cls)
        item.attribute_values = {KEY: document.pop(KEY)["S"]}
        item.document = document
        return item

    def json_text(self) -> bytes:
        """Return the item as JSON, exactly: the key first, without the version attribute."""
        attributes = self.serialize()
        remove_version(attributes)
        return json_from_attributes(attributes)

    def etag(self) -> str:
        """Return the strong ETag of the item."""
        return etag(self.serialize())

    @classmethod
    def fetch(cls, key: str) -> "Item":
        """Return the item with this key. Raises what ``store.get`` raises."""
        return cls.from_raw_data(store.get(key))

    @classmethod
    def create(cls, document: AttributeMap, prefix: str = "") -> "Item":
        """Store a document under a new key that begins with ``prefix``. Raises what ``store.create`` raises."""
        return cls.from_raw_data(store.create(document, prefix))

    @classmethod
    def create_once(cls, idempotency_key: str, document: AttributeMap, owner: str = "", prefix: str = "") -> Created:
        """Store a document once for all requests of this owner with this Idempotency-Key. See ``store.create_once``."""
        return store.create_once(idempotency_key, document, owner, prefix)

    @classmethod
    def replace(cls, key: str, document: AttributeMap, preconditions: Preconditions | None) -> tuple["Item", Written]:
        """Store a document under this key; return the item, and what is known of the write. See ``store.replace``."""
        written = store.replace(key, document, preconditions)
        return cls.from_raw_data(written.item), written

    @classmethod
    def patch(cls, key: str, changes: AttributeMap, preconditions: Preconditions | None) -> tuple["Item", Written]:
        """Apply a JSON Merge Patch to the item with this key; return as ``replace`` does. See ``store.patch``."""
        written = store.patch(key, changes, preconditions)
        return cls.from_raw_data(written.item), written

    @classmethod
    def page(
        cls, path: AccessPath, limit: int, start: AttributeMap | None, give_up: GiveUp, *, as_stored: bool = False
    ) -> Page:
        """Return a page of at most ``limit`` items of a list. See ``pagination.read_page``."""
        return pagination.read_page(path, limit, start, give_up, as_stored=as_stored)

    @classmethod
    def pages(cls, path: AccessPath = WHOLE_TABLE, start: AttributeMap | None = None) -> Iterator[Page]:
        """Yield all pages of a list. See ``pagination.read_pages``."""
        return pagination.read_pages(path, start)

    @classmethod
    def count_of(cls, path: AccessPath, give_up: GiveUp) -> int | None:
        """Return the number of items of a list. See ``pagination.count_items``."""
        return pagination.count_items(path, give_up)

    @classmethod
    def pages_of(cls, keys: Sequence[str], fields: Fields | None = None, as_stored: bool = False) -> Iterator[Page]:
        """Yield the items of these keys, page by page. See ``batch_get.read_keys``."""
        return read_keys(keys, fields, as_stored)
