"""Writing one item under a chosen key, and what is known of the table without reading it."""

import json
import uuid

from picus_api.core import table
from picus_api.core.attributes import AttributeMap
from picus_api.core.bulk.reading import prepare, row_json
from picus_api.core.dynamodb.wire_json import encode
from picus_api.core.table import KEY, TableUnavailable


def complete(item: AttributeMap, key: str | None) -> str:
    """Make an item the row that is stored, under this key, its own or a new one; the key. Raises BadValue."""
    if key is not None:
        item[KEY] = {"S": key}
    found = prepare(item, lambda: str(uuid.uuid4()))
    row_json(item)
    return found


def put(row: AttributeMap, *, replace: bool) -> None:
    """Store a complete row. Raises ItemConflict where its key is in use unless it may replace, TableUnavailable."""
    condition = {} if replace else {"ConditionExpression": f"attribute_not_exists({KEY})"}
    with table.domain_errors():
        table.transport().call_raw("PutItem", encode({"TableName": table.table_name(), "Item": row, **condition}))


def approximate_count() -> int | None:
    """How many items the table has, as DynamoDB counted in the last hours; None when it doesn't tell."""
    try:
        with table.domain_errors():
            answer = table.transport().call_raw("DescribeTable", {"TableName": table.table_name()})
    except TableUnavailable:
        return None
    count: int = json.loads(answer)["Table"].get("ItemCount", 0)
    return count
