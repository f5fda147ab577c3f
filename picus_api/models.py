"""The table: its model, its conditions and its domain errors. Nothing else talks to DynamoDB.

Django-free, because the delete function is packaged with it.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import TableConnection
from pynamodb.exceptions import PynamoDBException, TableDoesNotExist
from pynamodb.models import Model

from picus_api.core import environment
from picus_api.core.attributes import AttributeMap
from picus_api.core.errors import BadValue
from picus_api.core.to_json import json_from_attributes

KEY = "object_id"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
MAX_KEY_BYTES = 2048

_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


class ItemNotFound(Exception):
    """No item has this key: an answer, not a fault."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class ItemConflict(Exception):
    """An item with this key is there already."""


class ItemTooLarge(Exception):
    """The item exceeds DynamoDB's 400 KB, as DynamoDB counts them."""


class TableUnavailable(Exception):
    """DynamoDB can't be reached, refuses the credentials, or has no such table: the cause is the exception's cause."""


class TableThrottled(TableUnavailable):
    """DynamoDB still throttles after the retries."""

    retry_after = 1
    """Seconds after which a client may try again."""


@dataclass(frozen=True, slots=True)
class Page:
    """Items as DynamoDB sent them, and the key to go on after (None at the end of the table)."""

    items: list[AttributeMap]
    next_key: str | None


class Item(Model):
    """One item: the key beside the client's own attributes, all of them, in the wire form.

    PynamoDB drops attributes that a model does not declare and passes numbers through float, so ``serialize`` and
    ``from_raw_data`` carry the attribute map as it is.
    """

    class Meta:
        table_name = os.environ.get("DYNAMODB_TABLE_NAME", "")
        host = os.environ.get("DYNAMODB_ENDPOINT_URL") or None
        # None leaves it to botocore, which knows profiles but not AWS_REGION.
        region = os.environ.get("AWS_REGION") or None
        billing_mode = "PAY_PER_REQUEST"
        connect_timeout_seconds = 1
        read_timeout_seconds = 3
        max_retry_attempts = 2
        max_pool_connections = 64

    object_id = UnicodeAttribute(hash_key=True)
    document: AttributeMap

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

    def json_text(self) -> str:
        """The item as JSON, exactly, the key first."""
        return json_from_attributes(self.serialize())

    @classmethod
    def create(cls, document: AttributeMap) -> "Item":
        """Store a document under a new key. Raises BadValue, ItemTooLarge, TableUnavailable."""
        if KEY in document:
            raise BadValue(f"{KEY} is assigned by the service: leave it out.", KEY)
        item = cls(str(uuid.uuid4()))
        item.document = document
        try:
            with _domain_errors():
                item.save(cls.object_id.does_not_exist())
        except ItemConflict:
            # A key that did not exist until this call: an earlier attempt of it was applied and its answer lost.
            pass
        return item

    @classmethod
    def fetch(cls, key: str) -> "Item":
        """The item with this key, strongly consistent. Raises ItemNotFound, TableUnavailable."""
        _check_key(key)
        try:
            with _domain_errors():
                return cls.get(key, consistent_read=True)
        except cls.DoesNotExist:
            raise ItemNotFound(key) from None

    @classmethod
    def remove(cls, key: str) -> None:
        """Delete the item with this key, in one conditional call. Raises ItemNotFound, TableUnavailable."""
        _check_key(key)
        try:
            with _domain_errors():
                cls(key).delete(cls.object_id.exists())
        except ItemConflict:
            raise ItemNotFound(key) from None

    @classmethod
    def page(cls, after: str | None = None, limit: int | None = None) -> Page:
        """One page, strongly consistent: at most ``limit`` items or 1 MB, in DynamoDB's order, after a key."""
        start_key = cast(str, {KEY: {"S": after}}) if after else None
        with _domain_errors():
            answer = cls._connected().scan(limit=limit, exclusive_start_key=start_key, consistent_read=True)
        last_key = answer.get("LastEvaluatedKey")
        return Page(answer["Items"], last_key[KEY]["S"] if last_key else None)

    @classmethod
    def pages(cls) -> Iterator[Page]:
        """Every page of the table. An empty page is not the end."""
        page = cls.page()
        yield page
        while page.next_key is not None:
            page = cls.page(after=page.next_key)
            yield page

    @classmethod
    def probe(cls) -> None:
        """One read that proves the table answers. Raises TableUnavailable when it does not."""
        with _domain_errors():
            cls._connected().get_item("-", consistent_read=False)

    @classmethod
    def connect(cls) -> None:
        """Build the client now, in one thread: two at once cost far more. Raises SettingError, TableUnavailable."""
        with _domain_errors():
            _ = cls._connected().connection.client

    @classmethod
    def table_problem(cls) -> str | None:
        """What is wrong with the table, in a sentence, or None. Raises TableUnavailable."""
        table = cls._description()
        if table is None:
            return f"There is no table {cls.Meta.table_name}."
        keys = {key["AttributeName"]: key["KeyType"] for key in table["KeySchema"]}
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
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
                return cast(dict[str, Any], cls._connected().describe_table())
        except _TableMissing:
            return None

    @classmethod
    def _connected(cls) -> TableConnection:
        return cls._get_connection()

    @classmethod
    def _get_connection(cls) -> TableConnection:
        # PynamoDB makes the connection at first use, so importing this module needs no settings.
        if cls._connection is None:
            environment.required("DYNAMODB_TABLE_NAME")
            environment.url("DYNAMODB_ENDPOINT_URL")
        return super()._get_connection()


class _TableMissing(TableUnavailable):
    """DynamoDB answers and has no such table."""


def _check_key(key: str) -> None:
    """DynamoDB refuses such keys, so no item can have one."""
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise ItemNotFound(key)


@contextmanager
def _domain_errors() -> Iterator[None]:
    """Turn PynamoDB's errors into the domain's, once, here."""
    try:
        yield
    except Item.DoesNotExist:
        raise
    except TableDoesNotExist as error:
        raise _TableMissing() from error
    except PynamoDBException as error:
        raise _domain_error(error) from error
    except (BotoCoreError, ClientError) as error:
        # Some of PynamoDB's calls let botocore's own errors through.
        raise _domain_error(PynamoDBException(cause=error)) from error


def _domain_error(error: PynamoDBException) -> Exception:
    # Not PynamoDB's own properties, which fail where botocore has no response: a timeout, a cut connection.
    answer = (getattr(error.cause, "response", None) or {}).get("Error", {})
    code, message = answer.get("Code"), answer.get("Message", "")
    if code in ("ConditionalCheckFailedException", "ResourceInUseException"):
        return ItemConflict()
    if code in _THROTTLED:
        return TableThrottled()
    if code == "ResourceNotFoundException":
        return _TableMissing()
    if code == "ValidationException" and "tem size" in message:
        return ItemTooLarge()
    return TableUnavailable()
