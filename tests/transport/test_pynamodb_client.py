"""PynamoDB 6.1 over the transport: the private place that it takes, and that all behaves as over botocore."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pynamodb
import pytest
from botocore.session import Session
from pynamodb.attributes import (
    BinaryAttribute,
    BinarySetAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.exceptions import (
    DeleteError,
    DoesNotExist,
    GetError,
    PutError,
    TableDoesNotExist,
    TableError,
    TransactWriteError,
    VerboseClientError,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from picus_api.core.dynamodb.dynamodb_errors import NoAnswer, ServiceError
from picus_api.core.dynamodb.pynamodb_client import TransportClient, use_transport
from picus_api.core.dynamodb.transport import Transport
from tests.transport.conftest import Make
from tests.transport.servers import FaultyProxy, Server, answer, replies


def answer_was_lost(error: BaseException | None) -> bool:
    """Whether an error, however PynamoDB wrapped it, says that the operation may have been carried out."""
    while error is not None:
        if getattr(error, "answer_lost", False):
            return True
        error = error.__cause__ or getattr(error, "cause", None) or error.__context__
    return False


class ByName(GlobalSecondaryIndex["Thing"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_name"
        projection = AllProjection()

    name = UnicodeAttribute(hash_key=True)


class Thing(Model):
    """One attribute of each kind."""

    class Meta:
        table_name = "picus_things"
        region = "us-east-1"
        billing_mode = "PAY_PER_REQUEST"

    object_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    number = NumberAttribute(null=True)
    flag = BooleanAttribute(null=True)
    words = UnicodeSetAttribute(null=True)
    numbers = NumberSetAttribute(null=True)
    data = BinaryAttribute(legacy_encoding=False, null=True)
    datas = BinarySetAttribute(legacy_encoding=False, null=True)
    things: ListAttribute[Any] = ListAttribute(null=True)
    more: MapAttribute[str, Any] = MapAttribute(null=True)  # type: ignore[no-untyped-call]
    by_name = ByName()


FULL: dict[str, Any] = {
    "name": 'Zoë \u2028 \U0001f600 "quoted" \\ \x00',
    "number": 12.5,
    "flag": False,
    "words": {"a", "é"},
    "numbers": {1, 2.5},
    "data": b"\x00\xff",
    "datas": {b"\x00", b"\xff\xfe"},
    "things": [1, "two", {"three": [None, True, b"B"]}],
    "more": {"B": "not binary", "x": {"y": b"\x01"}},
}


@pytest.fixture
def things(direct: Transport, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Thing]]:
    """The model, over the transport, its table empty; any attempt to build a botocore client fails."""
    monkeypatch.setattr(Thing, "_connection", None)
    use_transport(Thing._get_connection().connection, direct)
    monkeypatch.setattr(Session, "create_client", None)
    Thing.create_table(wait=True)
    yield Thing
    Thing.delete_table()


def full(key: str = "full") -> Thing:
    return Thing(key, **FULL)


def test_the_version_is_the_one_whose_private_parts_are_known() -> None:
    assert pynamodb.__version__ == "6.1.0"


def test_the_client_is_kept_and_shown(things: type[Thing]) -> None:
    connection = things._get_connection().connection
    assert isinstance(connection.client, TransportClient)
    assert connection.client is connection._client
    assert repr(connection) == f"Connection<{connection.client.transport.endpoint.url}>"


def test_what_is_saved_reads_back(things: type[Thing]) -> None:
    full().save()
    read = things.get("full")
    values = {name: getattr(read, name) for name in FULL}
    values["more"] = values["more"].as_dict()
    assert values == FULL


def test_absence_and_conflict_are_pynamodbs_own(things: type[Thing]) -> None:
    with pytest.raises(DoesNotExist):
        things.get("absent")
    full().save(things.object_id.does_not_exist())
    with pytest.raises(PutError) as put:
        full().save(things.object_id.does_not_exist())
    assert put.value.cause_response_code == "ConditionalCheckFailedException"
    with pytest.raises(DeleteError) as deleted:
        things("absent").delete(things.object_id.exists())
    cause = deleted.value.cause
    assert isinstance(cause, VerboseClientError)
    assert isinstance(cause.__cause__, ServiceError)
    assert cause.__cause__.request_id
    assert f"on request ({cause.__cause__.request_id}) on table (picus_things)" in str(cause)
    assert not answer_was_lost(deleted.value)


def test_updates_and_deletes(things: type[Thing]) -> None:
    full().save()
    thing = things.get("full")
    actions = [things.number.add(1), things.name.remove(), things.data.set(b"\x80")]
    thing.update(actions, condition=things.number == 12.5)
    assert thing.attribute_values["data"] == b"\x80"
    assert thing.number == 13.5
    assert thing.name is None
    thing.delete(things.object_id.exists())
    with pytest.raises(DoesNotExist):
        things.get("full")


def test_scans_queries_and_their_pages(things: type[Thing]) -> None:
    with things.batch_write() as batch:
        for number in range(60):
            batch.save(things(f"{number:03}", name="even" if number % 2 == 0 else "odd", number=number, data=b"\xff"))
    keys = [f"{number:03}" for number in range(60)]
    assert sorted(thing.object_id for thing in things.scan(page_size=7)) == keys
    assert sorted(t.object_id for s in range(3) for t in things.scan(segment=s, total_segments=3)) == keys
    assert {thing.data for thing in things.scan()} == {b"\xff"}
    assert [thing.number for thing in things.query("007")] == [7]
    assert things.by_name.count("odd") == 30
    assert things.count() == 60
    assert sorted(thing.number for thing in things.by_name.query("even", page_size=4)) == list(range(0, 60, 2))
    first = things.scan(limit=10)
    assert len(list(first)) == 10
    assert len(list(things.scan(last_evaluated_key=first.last_evaluated_key))) == 50
    assert sorted(thing.object_id for thing in things.batch_get([*keys, "absent"])) == keys
    with things.batch_write() as batch:
        for key in keys:
            batch.delete(things(key))
    assert things.count() == 0


def test_transactions(things: type[Thing]) -> None:
    connection = things._get_connection().connection
    with TransactWrite(connection=connection) as write:
        write.save(full("a"), condition=things.object_id.does_not_exist())
        write.save(full("b"))
    with TransactGet(connection=connection) as get:
        found = get.get(things, "a")
        missing = get.get(things, "absent")
    assert found.get().datas == FULL["datas"]
    with pytest.raises(DoesNotExist):
        missing.get()
    write = TransactWrite(connection=connection)
    write.save(full("a"), condition=things.object_id.does_not_exist(), return_values="ALL_OLD")
    write.delete(things("b"))
    with pytest.raises(TransactWriteError) as failure:
        write.__exit__(None, None, None)  # type: ignore[no-untyped-call]
    assert failure.value.cause_response_code == "TransactionCanceledException"
    reasons = failure.value.cancellation_reasons
    assert reasons[0] is None  # PynamoDB sends deletes first
    assert reasons[1] is not None
    assert reasons[1].code == "ConditionalCheckFailed"
    assert reasons[1].raw_item is not None
    assert reasons[1].raw_item["data"] == {"B": b"\x00\xff"}


def test_tables(things: type[Thing]) -> None:
    assert things.exists()
    described = things.describe_table()
    assert described["TableStatus"] == "ACTIVE"
    connection = things._get_connection().connection
    assert "picus_things" in connection.list_tables(exclusive_start_table_name="picus_thing")["TableNames"]
    with pytest.raises(TableDoesNotExist):
        connection.describe_table("picus_absent")
    with pytest.raises(TableError, match="ResourceInUseException"):
        connection.create_table(
            "picus_things",
            attribute_definitions=[{"attribute_name": "object_id", "attribute_type": "S"}],
            key_schema=[{"attribute_name": "object_id", "key_type": "HASH"}],
            billing_mode="PAY_PER_REQUEST",
        )


def test_an_outage_is_pynamodbs_own_error(make_transport: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replies(answer(200, b"{}"))) as server:
        url = server.url
    monkeypatch.setattr(Thing, "_connection", None)
    use_transport(Thing._get_connection().connection, make_transport(url))
    with pytest.raises(GetError) as failure:
        Thing.get("a")
    assert isinstance(failure.value.cause, NoAnswer)
    assert not answer_was_lost(failure.value)


def test_a_lost_answer_shows_through_pynamodbs_errors(
    things: type[Thing], direct: Transport, dynamodb_url: str, make_transport: Make
) -> None:
    full("other").save()
    connection = things._get_connection().connection
    with FaultyProxy(dynamodb_url, "wrong crc", "none", "wrong crc") as proxy:
        use_transport(connection, make_transport(proxy.url))
        full().save(things.object_id.does_not_exist())
        other = things("other", name="mine")
        with pytest.raises(PutError) as failure:
            other.save(things.object_id.does_not_exist())
        assert [status for _, status in proxy.applied] == [200, 400, 400, 400]
    use_transport(connection, direct)
    assert not answer_was_lost(failure.value)  # the damaged answer was a refusal
    assert things.get("other").name == FULL["name"]
    with FaultyProxy(dynamodb_url, "closed after") as proxy:
        use_transport(connection, make_transport(proxy.url))
        with pytest.raises(PutError) as failure:
            other.save(things.object_id.does_not_exist())
    use_transport(connection, direct)
    assert answer_was_lost(failure.value)
    assert not answer_was_lost(None)


def test_no_secret_is_logged(things: type[Thing], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    things.count()
    assert "Signature=" not in caplog.text


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs by design or from call to call: metadata, times."""
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    for holder in (kept.get("Table", {}), kept.get("TableDescription", {})):
        holder.pop("CreationDateTime", None)
    return kept


def test_answers_are_those_of_botocores_client(direct: Transport, dynamodb_url: str, table: str) -> None:
    """The same requests through botocore and through the transport, answer for answer, binary included."""
    theirs: Any = Session().create_client("dynamodb", region_name="us-east-1", endpoint_url=dynamodb_url)
    ours = TransportClient(direct)
    item = {
        "object_id": {"S": "1"},
        "b": {"B": b"\x00\xff"},
        "bs": {"BS": [b"\x00", b"\xff"]},
        "B": {"M": {"B": {"L": [{"B": b"x"}, {"M": {"BS": {"BS": [b"y"]}}}, {"NULL": True}]}}},
        "n": {"N": "12345678901234567890123456789012345678"},
        "self": {"S": "B"},
        "empty": {"M": {}},
        "none": {"L": []},
    }
    key = {"TableName": table, "Key": {"object_id": {"S": "1"}}}
    absent = {"TableName": table, "Key": {"object_id": {"S": "2"}}}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", {"TableName": table, "Item": item}),
        ("PutItem", {"TableName": table, "Item": item, "ReturnValues": "ALL_OLD"}),
        ("GetItem", key),
        ("GetItem", absent),
        ("GetItem", {**key, "ReturnConsumedCapacity": "TOTAL"}),
        ("Scan", {"TableName": table}),
        ("Scan", {"TableName": table, "Limit": 1}),
        (
            "Query",
            {
                "TableName": table,
                "KeyConditionExpression": "object_id = :k",
                "ExpressionAttributeValues": {":k": {"S": "1"}},
            },
        ),
        ("BatchGetItem", {"RequestItems": {table: {"Keys": [key["Key"], absent["Key"]]}}}),
        (
            "BatchWriteItem",
            {"RequestItems": {table: [{"PutRequest": {"Item": item}}, {"DeleteRequest": {"Key": absent["Key"]}}]}},
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": key}, {"Get": absent}]}),
        (
            "UpdateItem",
            {
                **key,
                "UpdateExpression": "SET a = :b",
                "ExpressionAttributeValues": {":b": {"B": b"\x01"}},
                "ReturnValues": "ALL_NEW",
            },
        ),
        ("DescribeTable", {"TableName": table}),
        ("ListTables", {}),
    ]
    for operation, arguments in calls:
        mine = plain(ours._make_api_call(operation, arguments))
        botocores = plain(theirs._make_api_call(operation, arguments))
        if operation == "DescribeTable":  # without what this botocore doesn't know yet
            mine["Table"] = {name: value for name, value in mine["Table"].items() if name in botocores["Table"]}
        assert mine == botocores, operation
    theirs.close()
    mine = ours._make_api_call("GetItem", key)
    assert mine["Item"]["B"] == item["B"]
    assert mine["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert mine["ResponseMetadata"]["RequestId"]


def test_errors_are_those_of_botocores_client(direct: Transport, dynamodb_url: str, table: str) -> None:
    theirs: Any = Session().create_client("dynamodb", region_name="us-east-1", endpoint_url=dynamodb_url)
    ours = TransportClient(direct)
    item = {"object_id": {"S": "1"}, "b": {"B": b"\x00\xff"}}
    ours._make_api_call("PutItem", {"TableName": table, "Item": item})
    conflict = {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(object_id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    calls: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", conflict),
        ("TransactWriteItems", {"TransactItems": [{"Put": conflict}]}),
        ("GetItem", {"TableName": "picus_absent", "Key": {"object_id": {"S": "1"}}}),
        ("PutItem", {"TableName": table, "Item": {"other": {"S": "1"}}}),
    ]
    for operation, arguments in calls:
        with pytest.raises(ServiceError) as mine:
            ours._make_api_call(operation, arguments)
        with pytest.raises(theirs.exceptions.ClientError) as botocores:
            theirs._make_api_call(operation, arguments)
        assert str(mine.value) == str(botocores.value)
        for member in ("Error", "Item", "CancellationReasons"):
            assert mine.value.response.get(member) == botocores.value.response.get(member)
    theirs.close()


def test_binary_is_found_in_what_a_batch_left_undone(make_transport: Make) -> None:
    """No stand-in leaves anything undone: what DynamoDB would send, from its documentation."""
    left = {
        "UnprocessedItems": {
            "t": [
                {"PutRequest": {"Item": {"k": {"S": "1"}, "b": {"B": "AP8="}}}},
                {"DeleteRequest": {"Key": {"k": {"B": "AP8="}}}},
            ]
        },
        "UnprocessedKeys": {"t": {"Keys": [{"k": {"B": "AP8="}}], "ConsistentRead": True}},
    }
    with Server(replies(answer(200, json.dumps(left).encode()))) as server:
        read = TransportClient(make_transport(server.url))._make_api_call("BatchWriteItem", {})
    put, deleted = read["UnprocessedItems"]["t"]
    assert put["PutRequest"]["Item"] == {"k": {"S": "1"}, "b": {"B": b"\x00\xff"}}
    assert deleted["DeleteRequest"]["Key"] == {"k": {"B": b"\x00\xff"}}
    assert read["UnprocessedKeys"] == {"t": {"Keys": [{"k": {"B": b"\x00\xff"}}], "ConsistentRead": True}}


def test_base64_text_stays_as_it_is(direct: Transport, table: str) -> None:
    """The wire form goes out unchanged, beside bytes; other types are no attribute values."""
    client = TransportClient(direct)
    client._make_api_call("PutItem", {"TableName": table, "Item": {"object_id": {"S": "1"}, "b": {"B": "AP8="}}})
    assert client._make_api_call("GetItem", {"TableName": table, "Key": {"object_id": {"S": "1"}}})["Item"]["b"] == {
        "B": b"\x00\xff"
    }
    with pytest.raises(TypeError, match="complex"):
        client._make_api_call("PutItem", {"TableName": table, "Item": {"object_id": {"N": 1j}}})
