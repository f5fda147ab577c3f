"""Pages of a Scan of the local DynamoDB are the same with the shortcut for large tables."""

from typing import TYPE_CHECKING

from tests.dynamodb import ROOT, free_port, new_table, running

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def scanned_keys(table: "Table", limit: int, deleted: int = -1) -> list[str]:
    """Return the keys of all pages; delete the last item of the page with this number before the next page."""
    keys: list[str] = []
    page = table.scan(Limit=limit)
    while True:
        keys += [str(item["object_id"]) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return keys
        if deleted == len(keys):
            table.delete_item(Key={"object_id": keys[-1]})
        page = table.scan(Limit=limit, ExclusiveStartKey=page["LastEvaluatedKey"])


def test_pages_of_local_scan_are_the_whole_table_in_order() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(ROOT / ".venv-ministack/bin/python"), "-P", str(ROOT / "picus_project/local/ministack_server.py")]
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    with running(command, f"{url}/_ministack/health", **settings, LOG_LEVEL="WARNING"):
        table = new_table(url)
        keys = [f"{number:02}" for number in range(60)]
        for key in reversed(keys):
            table.put_item(Item={"object_id": key})
        # The shortcut is for pages of up to 6 of the 60 items.
        for limit in (1, 4, 6, 7, 60, 61):
            assert scanned_keys(table, limit) == keys
        assert scanned_keys(table, 4, deleted=8) == keys
        assert scanned_keys(table, 4) == [key for key in keys if key != "07"]
