"""Expired items and required preconditions at the packaged function."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picus_project.local.events import rest_proxy_event
from tests.function.function import Function, running_function

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def delete(function: Function, key: str, *headers: tuple[str, str]) -> Any:
    return function(rest_proxy_event(method="DELETE", path=f"/picus/{key}", headers=list(headers)))


def test_expired_items_are_absent_and_changes_need_preconditions(
    unpacked: Path, table: "Table", dynamodb_url: str
) -> None:
    now = int(time.time())
    for key, until in (("past", now - 5), ("future", now + 3600)):
        table.put_item(Item={"object_id": key, "until": until})
    settings = {"TTL_ATTRIBUTE": "until", "REQUIRE_IF_MATCH": "true"}
    where = {"DYNAMODB_TABLE_NAME": table.name, "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    with running_function(unpacked, **where, **settings) as function:
        refused = delete(function, "future")
        assert (refused["statusCode"], '"code": "precondition_required"' in refused["body"]) == (428, True)
        for tag in ("*", '"x"'):
            gone = delete(function, "past", ("If-Match", tag))
            assert (gone["statusCode"], "not there to match" in gone["body"]) == (412, True)
        assert delete(function, "future", ("If-Match", '"x"'))["statusCode"] == 412
        assert delete(function, "future", ("If-Match", "*"))["statusCode"] == 200
    with running_function(unpacked, **where, TTL_ATTRIBUTE="until") as function:
        table.put_item(Item={"object_id": "past", "until": now - 5})
        assert delete(function, "past")["statusCode"] == 404
