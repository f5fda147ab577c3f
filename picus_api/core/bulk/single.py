"""Writing one item under a chosen key, and what is known of the table without reading it."""

import json
import uuid

from picus_api.core import table
from picus_api.core.attributes import AttributeMap
from picus_api.core.bulk.batch_write import IF_NEW, Row, RowRefused, is_refusal, reason
from picus_api.core.bulk.reading import prepare, row_json
from picus_api.core.table import KEY, TableUnavailable


def complete(item: AttributeMap, key: str | None) -> Row:
    """The row to store of an item, under this key, its own or a new one. Raises BadValue."""
    if key is not None:
        item[KEY] = {"S": key}
    found = prepare(item, lambda: str(uuid.uuid4()))
    return Row(found, row_json(item), "the item")


def put(row: Row, *, replace: bool) -> None:
    """Store a row.

    Raises ItemConflict where its key is in use unless it may replace, ItemTooLarge, RowRefused, TableUnavailable.
    """
    head = f'{{"TableName":{json.dumps(table.table_name())},"Item":'.encode()
    try:
        with table.domain_errors():
            table.transport().call_raw("PutItem", head + row.wire + (b"}" if replace else IF_NEW))
    except TableUnavailable as error:
        if is_refusal(error):
            raise RowRefused(reason(error)) from error
        raise


def approximate_count() -> int | None:
    """How many items the table has, as DynamoDB counted in the last hours; None when it doesn't tell."""
    try:
        with table.domain_errors():
            answer = table.transport().call_raw("DescribeTable", {"TableName": table.table_name()})
    except TableUnavailable:
        return None
    count: int = json.loads(answer)["Table"].get("ItemCount", 0)
    return count
