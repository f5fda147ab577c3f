"""A faulty network before a real DynamoDB: nothing is done twice, and each reported outcome is true."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from picus_api.core.dynamodb.dynamodb_errors import NoResponse, ServiceError
from picus_api.core.dynamodb.retry import Limits
from picus_api.core.dynamodb.transport import Transport
from tests.faulty import AFTER, BEFORE, FaultyProxy
from tests.service.dynamodb.conftest import QUICK, Make

# With these faults the request did not arrive, or was refused. With others it may have been carried out.
HARMLESS = sorted(BEFORE)
LOSING = sorted(set(AFTER) - {"none"})
IMPATIENT = QUICK._replace(read_timeout=0.6)


def limits(fault: str) -> Limits:
    """Return limits that end a silence soon, and are patient where none is made."""
    return IMPATIENT if fault in ("drip", "stalled before", "stalled after") else QUICK


def put(table: str, key: str, value: str = "1", *, only_new: bool = True) -> dict[str, Any]:
    item = {"object_id": {"S": key}, "n": {"N": value}, "s": {"NS": ["1.50", "2"]}, "b": {"B": "AAE="}}
    request: dict[str, Any] = {"TableName": table, "Item": item}
    return request | ({"ConditionExpression": "attribute_not_exists(object_id)"} if only_new else {})


def delete(table: str, key: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": {"object_id": {"S": key}},
        "ConditionExpression": "attribute_exists(object_id)",
    }


def stored(direct: Transport, table: str, key: str = "k") -> str | None:
    """Return the number in the item, or None if there is no item."""
    found = json.loads(
        direct.call("GetItem", {"TableName": table, "Key": {"object_id": {"S": key}}, "ConsistentRead": True}).body
    )
    return str(found["Item"]["n"]["N"]) if found.get("Item") else None


@pytest.mark.parametrize("fault", HARMLESS + LOSING)
def test_a_create_succeeds_once(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make, fault: str
) -> None:
    with FaultyProxy(dynamodb_url, fault) as proxy:
        response = make_transport(proxy.url, limits=limits(fault)).call("PutItem", put(table, "k", "1.0"))
        assert response.attempts == 2
        assert stored(direct, table) == "1"
        carried_out = [status for _, status in proxy.applied]
        assert carried_out == ([200] if fault in HARMLESS else [200, 400])


@pytest.mark.parametrize("fault", HARMLESS + LOSING)
def test_a_delete_succeeds_once(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make, fault: str
) -> None:
    direct.call("PutItem", put(table, "k"))
    with FaultyProxy(dynamodb_url, fault) as proxy:
        assert make_transport(proxy.url, limits=limits(fault)).call("DeleteItem", delete(table, "k")).attempts == 2
        assert stored(direct, table) is None
        carried_out = [status for _, status in proxy.applied]
        assert carried_out == ([200] if fault in HARMLESS else [200, 400])


@pytest.mark.parametrize("fault", HARMLESS + LOSING)
@pytest.mark.parametrize("operation", ["PutItem", "GetItem", "Scan"])
def test_repeatable_calls_are_repeated(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make, *, operation: str, fault: str
) -> None:
    direct.call("PutItem", put(table, "k"))
    with FaultyProxy(dynamodb_url, fault) as proxy:
        transport = make_transport(proxy.url, limits=limits(fault))
        if operation == "PutItem":
            transport.call("PutItem", put(table, "k", "2", only_new=False))
            assert stored(direct, table) == "2"
        elif operation == "GetItem":
            assert stored(transport, table) == "1"
        else:
            assert json.loads(transport.call("Scan", {"TableName": table}).body)["Count"] == 1


@pytest.mark.parametrize("fault", HARMLESS + LOSING)
def test_an_increment_is_done_at_most_once(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make, fault: str
) -> None:
    """UpdateItem may add: after a lost response it raises an error that says so, and never adds twice."""
    direct.call("PutItem", put(table, "k", "1"))
    increment = {
        "TableName": table,
        "Key": {"object_id": {"S": "k"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with FaultyProxy(dynamodb_url, fault) as proxy:
        transport = make_transport(proxy.url, limits=limits(fault))
        if fault == "throttled":
            assert transport.call("UpdateItem", increment).attempts == 2
            assert stored(direct, table) == "2"
        else:  # the client must assume that it was carried out
            with pytest.raises((NoResponse, ServiceError)) as failure:
                transport.call("UpdateItem", increment)
            error = failure.value
            assert isinstance(error, NoResponse | ServiceError)
            assert (error.response_lost, error.attempts) == (True, 1)
            assert stored(direct, table) == ("1" if fault in HARMLESS else "2")


@pytest.mark.parametrize("fault", HARMLESS + LOSING)
def test_true_conflict_stays_a_conflict(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make, fault: str
) -> None:
    """Another client's item has the key, whatever happens to the responses."""
    direct.call("PutItem", put(table, "k", "1"))
    with FaultyProxy(dynamodb_url, fault) as proxy:
        with pytest.raises(ServiceError) as failure:
            make_transport(proxy.url, limits=limits(fault)).call("PutItem", put(table, "k", "2"))
        assert failure.value.code == "ConditionalCheckFailedException"
        assert failure.value.attempts == 2
        assert stored(direct, table) == "1"


@pytest.mark.parametrize("fault", ["wrong crc", "flipped bit", "no body", "truncated", "throttled"])
def test_refusal_after_fault_means_absent_item(dynamodb_url: str, table: str, make_transport: Make, fault: str) -> None:
    """The status of the damaged response said that nothing was done, so the second refusal is right."""
    with FaultyProxy(dynamodb_url, fault) as proxy:
        with pytest.raises(ServiceError) as failure:
            make_transport(proxy.url, limits=limits(fault)).call("DeleteItem", delete(table, "absent"))
        assert failure.value.code == "ConditionalCheckFailedException"
        assert not failure.value.response_lost


def test_repeated_delete_without_item_has_succeeded(dynamodb_url: str, table: str, make_transport: Make) -> None:
    """The one outcome that can't be known (ambiguous_writes.py). The result says that a response was lost."""
    with FaultyProxy(dynamodb_url, "stalled before") as proxy:
        response = make_transport(proxy.url, limits=IMPATIENT).call("DeleteItem", delete(table, "absent"))
        assert response.response_lost


def test_repeated_delete_of_recreated_item_conflicts(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make
) -> None:
    direct.call("PutItem", put(table, "k", "1"))
    guarded = delete(table, "k") | {
        "ConditionExpression": "n = :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with FaultyProxy(dynamodb_url, "closed after") as proxy:
        transport = make_transport(proxy.url)
        proxy.meanwhile = lambda: direct.call("PutItem", put(table, "k", "2", only_new=False))
        with pytest.raises(ServiceError) as failure:
            transport.call("DeleteItem", guarded)
        assert failure.value.code == "ConditionalCheckFailedException"
        assert failure.value.response_lost
        assert stored(direct, table) == "2"


def test_a_transaction_is_carried_out_once(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make
) -> None:
    """Both requests carry the same token, so DynamoDB recognises the second one as a repetition."""
    increment = {
        "TableName": table,
        "Key": {"object_id": {"S": "k"}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with FaultyProxy(dynamodb_url, "closed after") as proxy:
        transport = make_transport(proxy.url)
        transport.call("TransactWriteItems", {"TransactItems": [{"Update": increment}]})
        tokens = [json.loads(request.body)["ClientRequestToken"] for request in proxy.requests]
        assert len(tokens) == 2
        assert len(set(tokens)) == 1
        assert stored(direct, table) == "1"
        mine = {"TransactItems": [{"Update": increment}], "ClientRequestToken": "my own"}
        transport.call("TransactWriteItems", mine)
        assert json.loads(proxy.requests[-1].body)["ClientRequestToken"] == "my own"


def test_several_faults_in_a_row_are_survived(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make
) -> None:
    with FaultyProxy(dynamodb_url, "500 before", "reset after", "flipped bit") as proxy:
        response = make_transport(proxy.url).call("PutItem", put(table, "k", "1"))
        # The connection that was reset had been used before: it died, the caller's attempts don't pay for it.
        assert (response.attempts, response.response_lost) == (3, True)
        assert [status for _, status in proxy.applied] == [200, 400, 400]
        assert stored(direct, table) == "1"


def test_error_says_if_outcome_is_unknown(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make
) -> None:
    with FaultyProxy(dynamodb_url, *["closed after"] * 4) as proxy:
        with pytest.raises(NoResponse) as failure:
            make_transport(proxy.url).call("PutItem", put(table, "k", "1"))
        assert (failure.value.attempts, failure.value.response_lost) == (4, True)
        assert stored(direct, table) == "1"


def test_every_reported_outcome_is_true_in_chaos(
    dynamodb_url: str, direct: Transport, table: str, make_transport: Make
) -> None:
    """Eight threads create and delete through random faults. The table has what their calls returned."""
    quick = sorted({*HARMLESS, *LOSING} - {"drip", "stalled before", "stalled after"})
    chance = random.Random()
    faults = [chance.choice([*quick, *["none"] * 25]) for _ in range(5000)]
    outcomes: dict[str, bool | None] = {}  # by key: in the table, not in it, not known

    def work(number: int) -> None:
        for turn in range(20):
            key = f"{number}-{turn}"
            outcomes[key] = True if did(transport, "PutItem", put(table, key)) else None
            if outcomes[key] and turn % 2:
                outcomes[key] = False if did(transport, "DeleteItem", delete(table, key)) else None

    with FaultyProxy(dynamodb_url, *faults) as proxy:
        transport = make_transport(proxy.url, size=4)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))
    found = {item["object_id"]["S"] for item in json.loads(direct.call("Scan", {"TableName": table}).body)["Items"]}
    known = {key: stored for key, stored in outcomes.items() if stored is not None}
    assert {key: key in found for key in known} == known
    assert len(known) > len(outcomes) * 0.9


def did(transport: Transport, operation: str, request: dict[str, Any]) -> bool:
    """Return True if an operation succeeded, False if all its attempts met faults. Fail on a conflict."""
    try:
        transport.call(operation, request)
    except NoResponse:
        return False
    except ServiceError as error:
        if error.code == "ConditionalCheckFailedException":
            raise
        return False
    return True


def test_slow_response_ends_at_read_timeout(dynamodb_url: str, table: str, make_transport: Make) -> None:
    with FaultyProxy(dynamodb_url, "drip") as proxy:
        started = time.monotonic()
        make_transport(proxy.url, limits=IMPATIENT).call("Scan", {"TableName": table})
        assert time.monotonic() - started < 8
