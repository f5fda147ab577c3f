"""The table's model: items as PynamoDB sees them, and the table itself."""

import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, cast

from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import TableConnection
from pynamodb.exceptions import PynamoDBException, TableDoesNotExist
from pynamodb.models import Model

from picus_api.core import patching, table, versions, writes
from picus_api.core.attributes import AttributeMap
from picus_api.core.dynamodb.pynamodb_client import TransportClient, use_transport
from picus_api.core.errors import BadValue
from picus_api.core.idempotency import Created, create_once
from picus_api.core.paths import check_new_key
from picus_api.core.preconditions import Preconditions
from picus_api.core.table import KEY, ItemConflict, ItemNotFound, ItemTooLarge, Page, TableMissing, TableUnavailable
from picus_api.core.to_json import json_from_attributes

# They wait for DynamoDB, one for each list that is being sent.
_fetchers = ThreadPoolExecutor(table.MAX_CONNECTIONS // 2, thread_name_prefix="scan")


class Item(Model):
    """One item: the key beside the client's own attributes, all of them, in the wire form.

    PynamoDB drops attributes that a model does not declare and passes numbers through float, so ``serialize`` and
    ``from_raw_data`` carry the attribute map as it is.
    """

    class Meta:
        table_name = os.environ.get("DYNAMODB_TABLE_NAME", "")
        billing_mode = "PAY_PER_REQUEST"

    object_id = UnicodeAttribute(hash_key=True)
    document: AttributeMap
    """The client's own attributes and the version beside them, as stored."""

    def serialize(self, null_check: bool = True) -> AttributeMap:
        """The whole item as an attribute map."""
        return {KEY: {"S": self.object_id}, **self.document}

    @classmethod
    def from_raw_data(cls, data: AttributeMap) -> "Item":
        """The item that DynamoDB sent as this attribute map."""
        document = dict(data)
        item = cls(document.pop(KEY)["S"])
        item.document = document
        return item

    def json_text(self) -> bytes:
        """The item as JSON, exactly, the key first, without its version."""
        return json_from_attributes(versions.visible(self.serialize()))

    def etag(self) -> str:
        """The strong ETag of the item."""
        return versions.etag(self.serialize())

    @classmethod
    def create(cls, document: AttributeMap) -> "Item":
        """Store a document under a new key. Raises BadValue, ItemTooLarge, TableUnavailable.

        A lost answer does not make a second item: the transport repeats the same conditional put, and one that is
        refused by its own item has succeeded.
        """
        item = cls._new(document)
        try:
            item._save_new()
        except ItemTooLarge:
            # The 48 bytes of a version must not cost a client his: the key is new, so no other item had this ETag.
            item.document = document
            item._save_new()
        return item

    @classmethod
    def create_once(cls, idempotency_key: str, document: AttributeMap) -> Created:
        """The same, once for all requests with this Idempotency-Key. Raises KeyReused and Contended, too."""
        item = cls._new(document)
        fingerprint = versions.etag(document)
        try:
            return create_once(idempotency_key, item.serialize(), fingerprint)
        except ItemTooLarge:
            item.document = document
            return create_once(idempotency_key, item.serialize(), fingerprint)

    @classmethod
    def _new(cls, document: AttributeMap) -> "Item":
        if KEY in document:
            raise BadValue(f"{KEY} is assigned by the service: leave it out.", KEY)
        item = cls(str(uuid.uuid4()))
        item.document = versions.stamped(document)
        return item

    def _save_new(self) -> None:
        with _domain_errors():
            self.save(_IS_NEW)

    @classmethod
    def replace(cls, key: str, document: AttributeMap, wanted: Preconditions | None) -> tuple["Item", bool]:
        """Store a document under this key; the item, and whether there was none before.

        Raises PreconditionFailed, BadValue, ItemTooLarge, TableUnavailable.
        """
        check_new_key(key)
        written = writes.replace(key, _without_key(key, document), wanted)
        return cls.from_raw_data(written.item), written.created

    @classmethod
    def patch(cls, key: str, changes: AttributeMap, wanted: Preconditions | None) -> "Item":
        """Apply a JSON Merge Patch to the item with this key; the item after it.

        Raises ItemNotFound, PreconditionFailed, Contended, BadValue, ItemTooLarge, TableUnavailable.
        """
        check_new_key(key)
        return cls.from_raw_data(patching.patch(key, _without_key(key, changes), wanted))

    @classmethod
    def fetch(cls, key: str) -> "Item":
        """The item with this key, strongly consistent. Raises ItemNotFound, TableUnavailable."""
        table.check_key(key)
        try:
            with _domain_errors():
                return cls.get(key, consistent_read=True)
        except cls.DoesNotExist:
            raise ItemNotFound(key) from None

    @classmethod
    def pages(cls, after: str | None = None, **expressions: Any) -> Iterator[Page]:
        """Every page of the table, each fetched while the one before it is in use. An empty page is not the end.

        ``after`` is a key to start behind, ``expressions`` are Scan's own.

        At most two pages are in memory, and a reader who stops stops the scan. Raises TableUnavailable.

        One scan, not parallel segments: measured with 2 and 4, they took longer, and cost memory.
        """
        # A limit counts items before they are filtered: DynamoDB's own 1 MB is the better one there.
        limited = "FilterExpression" not in expressions
        page = table.scan(after, table.FIRST_PAGE_ITEMS if limited else None, **expressions)
        while page.next_key is not None:
            limit = page.next_limit() if limited else None
            fetch = partial(table.scan, page.next_key, limit, **expressions)
            ahead = _fetchers.submit(copy_context().run, fetch)
            yield page
            page = ahead.result()
        yield page

    @classmethod
    def table_problem(cls) -> str | None:
        """What is wrong with the table, in a sentence, or None. Raises TableUnavailable."""
        found = cls._description()
        if found is None:
            return f"There is no table {cls.Meta.table_name}."
        keys = {key["AttributeName"]: key["KeyType"] for key in found["KeySchema"]}
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in found["AttributeDefinitions"]}
        if keys != {KEY: "HASH"} or types[KEY] != "S":
            return f"The table {cls.Meta.table_name} must have the partition key {KEY} (String) and no sort key."
        return None

    @classmethod
    def create_missing_table(cls, wait_seconds: float = 60) -> bool:
        """Create the table unless it is there, and wait until it is active. True when this call created it."""
        created = False
        if cls._description() is None:
            try:
                with _domain_errors():
                    cls.create_table()
                created = True
            except ItemConflict:
                # Somebody else creates it at this very moment: wait for theirs.
                pass
        deadline = time.monotonic() + wait_seconds
        while (cls._description() or {}).get("TableStatus") != "ACTIVE":
            if time.monotonic() > deadline:
                raise TableUnavailable(f"The table {cls.Meta.table_name} is not active after {wait_seconds:g} s.")
            time.sleep(0.1)
        return created

    @classmethod
    def _description(cls) -> dict[str, Any] | None:
        try:
            with _domain_errors():
                return cast(dict[str, Any], cls._get_connection().describe_table())
        except TableMissing:
            return None

    @classmethod
    def _get_connection(cls) -> TableConnection:
        transport = table.transport()
        connection = super()._get_connection()
        if not isinstance(connection.connection._client, TransportClient):
            use_transport(connection.connection, transport)
        return connection


_IS_NEW = Item.object_id.does_not_exist()


def _without_key(key: str, document: AttributeMap) -> AttributeMap:
    """The document without the key, which it may repeat."""
    if document.get(KEY, {"S": key}) != {"S": key}:
        raise BadValue(f"{KEY} is not the key in the path: leave it out.", KEY)
    return {name: value for name, value in document.items() if name != KEY}


@contextmanager
def _domain_errors() -> Iterator[None]:
    """Turn PynamoDB's errors into the domain's, once, here."""
    try:
        with table.domain_errors():
            yield
    except Item.DoesNotExist:
        raise
    except TableDoesNotExist as error:
        raise TableMissing() from error
    except PynamoDBException as error:
        raise table.domain_error(error.cause) from (error.cause or error)
