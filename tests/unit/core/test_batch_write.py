"""The BatchWriteItem writer: unprocessed items, refused rows, throttling and lost responses."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from picus_api.core import batch_write
from picus_api.core.batch_write import BatchWriter, Outcome, Row, check_new_item, new_row, write_new_items
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.dynamodb_errors import NoResponse, ServiceError
from picus_api.core.dynamodb.http_parser import HttpReply
from picus_api.core.dynamodb.transport import CallResult
from picus_api.core.errors import (
    BadValue,
    ItemTooLarge,
    PicusError,
    ReadOnly,
    TableThrottled,
    TableUnavailable,
    TokensUnavailable,
)
from picus_api.core.values.codec import encode
from picus_api.core.values.version_attribute import with_version
from tests.unit.conftest import Stored

Send = Callable[[str, bytes], CallResult]
SEND = table.send


def row(number: int, **attributes: Any) -> Row:
    key = f"k{number}"
    return Row(key, encode({"object_id": {"S": key}, "n": {"N": str(number)}, **attributes}), number)


def short_backoff() -> Backoff:
    return Backoff(0.001, 0.01, time.monotonic() + 0.2)


def writer(send: Send = table.send) -> BatchWriter:
    return BatchWriter(send, table.table_name(), short_backoff)


def refusal(code: str, message: str = "") -> PicusError:
    """Return the error that ``table.send`` raises for an error of DynamoDB."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    cause = ServiceError(HttpReply(400, {}, json.dumps(body).encode()), "BatchWriteItem")
    error = table.domain_error(cause)
    assert isinstance(error, PicusError)
    error.__cause__ = cause
    return error


def lost() -> TableUnavailable:
    error = TableUnavailable()
    error.__cause__ = NoResponse(operation="BatchWriteItem", reason="test", attempts=4, response_lost=True)
    return error


class FailingSend:
    """Raise one of ``errors`` for each call of BatchWriteItem in turn; None lets the call through."""

    def __init__(self, *errors: PicusError | None, always: PicusError | None = None) -> None:
        self.operations: list[str] = []
        self._errors = list(errors)
        self._always = always

    def __call__(self, operation: str, request: bytes) -> CallResult:
        self.operations.append(operation)
        error = self._always
        if operation == "BatchWriteItem" and self._errors:
            error = self._errors.pop(0)
        if error is not None:
            raise error
        return SEND(operation, request)


def takes(count: int, calls: list[int]) -> Send:
    """Return a send that lets ``count`` rows of each batch through and leaves the others unprocessed."""

    def send(operation: str, request: bytes) -> CallResult:
        body = json.loads(request)
        [(name, requests)] = body["RequestItems"].items()
        calls.append(len(requests))
        result = SEND(operation, json.dumps({"RequestItems": {name: requests[:count]}}).encode())
        left = {name: requests[count:]} if requests[count:] else {}
        return result._replace(body=json.dumps({"UnprocessedItems": left}).encode())

    return send


def count_items() -> int:
    return int(json.loads(table.call("Scan", Select="COUNT", ConsistentRead=True))["Count"])


def test_rows_are_written_in_requests_of_25(item_table: str) -> None:
    send = FailingSend()
    outcomes = writer(send).write([row(number) for number in range(60)])
    assert [outcome.row.origin for outcome in outcomes] == list(range(60))
    assert not any(outcome.error for outcome in outcomes)
    assert send.operations == ["BatchWriteItem"] * 3
    assert count_items() == 60


def test_requests_stay_under_their_size(item_table: str) -> None:
    calls: list[int] = []
    big = [row(number, text={"S": "x" * 300_000}) for number in range(20)]
    assert not any(outcome.error for outcome in writer(takes(25, calls)).write(big))
    assert calls == [13, 7]


def test_write_replaces_existing_items(stored: Stored) -> None:
    writer().write([row(1, old={"BOOL": True})])
    writer().write([row(1)])
    assert stored("k1") == {"object_id": {"S": "k1"}, "n": {"N": "1"}}


def test_unprocessed_rows_are_sent_again(item_table: str) -> None:
    calls: list[int] = []
    outcomes = writer(takes(10, calls)).write([row(number) for number in range(25)])
    assert not any(outcome.error for outcome in outcomes)
    assert calls == [25, 15, 5]
    assert count_items() == 25


def test_rows_that_stay_unprocessed_are_throttled(item_table: str) -> None:
    calls: list[int] = []
    outcomes = writer(takes(0, calls)).write([row(1), row(2)])
    assert [type(outcome.error) for outcome in outcomes] == [TableThrottled] * 2
    assert len(calls) > 2
    assert count_items() == 0


def test_progress_starts_the_backoff_anew(item_table: str) -> None:
    started: list[Backoff] = []

    def counted() -> Backoff:
        started.append(short_backoff())
        return started[-1]

    BatchWriter(takes(5, []), table.table_name(), counted).write([row(number) for number in range(25)])
    assert len(started) == 1 + 5


def test_throttled_batch_is_sent_again(item_table: str) -> None:
    send = FailingSend(refusal("ProvisionedThroughputExceededException"), refusal("ThrottlingException"))
    assert writer(send).write([row(1)])[0].error is None
    assert send.operations == ["BatchWriteItem"] * 3


def test_endless_throttling_fails_all_rows(item_table: str) -> None:
    outcomes = writer(FailingSend(always=refusal("ThrottlingException"))).write([row(1), row(2)])
    assert [type(outcome.error) for outcome in outcomes] == [TableThrottled] * 2
    assert not any(outcome.unknown for outcome in outcomes)


def test_refused_batch_is_written_one_by_one(stored: Stored) -> None:
    """moto, like DynamoDB, refuses a whole batch for one row, and does not say which row."""
    send = FailingSend(refusal("ValidationException", "One or more parameter values are not valid"))
    bad = row(2, text={"S": "x" * 410_000})
    outcomes = writer(send).write([row(1), bad, row(3)])
    assert [type(outcome.error) for outcome in outcomes] == [type(None), ItemTooLarge, type(None)]
    assert not any(outcome.unknown for outcome in outcomes)
    assert (stored("k1"), stored("k2"), stored("k3")) == (_item(1), None, _item(3))


def _item(number: int) -> dict[str, Any]:
    return {"object_id": {"S": f"k{number}"}, "n": {"N": str(number)}}


def test_reason_of_refused_row_is_dynamodbs(item_table: str) -> None:
    refused = refusal("ValidationException", "Number overflow")
    [outcome] = writer(FailingSend(refused, always=refused)).write([row(1)])
    assert outcome.error is not None
    assert table.refusal_reason(outcome.error) == "DynamoDB refuses the item: Number overflow"
    assert table.refusal_reason(ItemTooLarge()) == "The item is larger than the 400 KB that DynamoDB holds."


def test_outage_between_single_writes_fails_the_rest(item_table: str) -> None:
    outage = refusal("AccessDeniedException", "no")
    puts: list[bytes] = []

    def send(operation: str, request: bytes) -> CallResult:
        if operation == "BatchWriteItem":
            raise ItemTooLarge
        puts.append(request)
        if len(puts) > 2:
            raise outage
        return table.send(operation, request)

    outcomes = writer(send).write([row(number) for number in range(5)])
    assert [outcome.error for outcome in outcomes] == [None, None, outage, outage, outage]
    assert count_items() == 2


def test_lost_response_makes_outcome_unknown(item_table: str) -> None:
    outcomes = writer(FailingSend(lost())).write([row(1), row(2)])
    assert [(type(outcome.error), outcome.unknown) for outcome in outcomes] == [(TableUnavailable, True)] * 2


def test_outage_without_request_is_no_unknown_outcome(item_table: str) -> None:
    outcomes = writer(FailingSend(refusal("AccessDeniedException"))).write([row(1)])
    assert [(type(outcome.error), outcome.unknown) for outcome in outcomes] == [(TableUnavailable, False)]


def test_response_lost_before_refusal_is_remembered(item_table: str) -> None:
    """An attempt before the last one may have been carried out: the rows that fail later may be written."""

    def send(operation: str, request: bytes) -> CallResult:
        return CallResult(_unprocessed(request), "", 2, True)

    outcomes = writer(send).write([row(1)])
    assert [(type(outcome.error), outcome.unknown) for outcome in outcomes] == [(TableThrottled, True)]


def _unprocessed(request: bytes) -> bytes:
    return json.dumps({"UnprocessedItems": json.loads(request)["RequestItems"]}).encode()


def test_single_write_drops_version_at_size_limit(stored: Stored) -> None:
    """moto's limit is 405,000 bytes: the item fits without its version."""
    text = {"text": {"S": "x" * (405_000 - 40)}}
    item = {"object_id": {"S": "full"}, **with_version(text)}
    full = Row("full", encode(item), 1)
    assert writer(FailingSend(refusal("ValidationException"))).write([full]) == [Outcome(full)]
    assert stored("full") == {"object_id": {"S": "full"}, **text}


def test_write_new_leaves_existing_item(stored: Stored) -> None:
    assert writer().write_new(row(1, first={"BOOL": True}))
    assert not writer().write_new(row(1))
    assert (stored("k1") or {})["first"] == {"BOOL": True}


class CountingLimiter:
    """Note what is reserved and settled."""

    def __init__(self) -> None:
        self.reserved: list[float] = []
        self.settled: list[bytes] = []

    def reserve(self, units: float) -> None:
        self.reserved.append(units)

    def settle(self, units: float, response: bytes) -> float:
        self.settled.append(response)
        return 0.0


def test_limiter_hears_of_units_and_throttling(item_table: str) -> None:
    limiter = CountingLimiter()
    send = FailingSend(refusal("ThrottlingException"))
    BatchWriter(send, item_table, short_backoff, limiter).write([row(1), row(2, text={"S": "x" * 3000})])
    assert limiter.reserved == [4.0, 4.0]
    assert limiter.settled[0] == b'{"CapacityUnits":0}'
    assert b"ConsumedCapacity" in limiter.settled[1]


def rows(count: int) -> Iterator[Row]:
    return (new_row(number, {"n": {"N": str(number)}}) for number in range(1, count + 1))


def test_new_items_are_written_in_order(item_table: str) -> None:
    outcomes = [outcome for batch in write_new_items(rows(130)) for outcome in batch]
    assert [outcome.row.origin for outcome in outcomes] == list(range(1, 131))
    assert count_items() == 130


def test_failure_stops_the_writing_of_new_items(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "send", FailingSend(None, always=refusal("AccessDeniedException")))
    outcomes = [outcome for batch in write_new_items(rows(1000)) for outcome in batch]
    assert not any(outcome.error for outcome in outcomes[:25])
    assert all(isinstance(outcome.error, TableUnavailable) for outcome in outcomes[25:])
    # The batches that ran beside the one that failed.
    assert 50 <= len(outcomes) <= 25 * (1 + batch_write.PARALLEL_BATCHES)


def test_failure_of_first_batch_writes_nothing(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send = FailingSend(always=refusal("AccessDeniedException"))
    monkeypatch.setattr(table, "send", send)
    assert len(list(write_new_items(rows(100)))) == 1
    assert send.operations == ["BatchWriteItem"]


def test_check_comes_before_each_call(item_table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch whose rows stay unprocessed for long is checked again too. A lost read of the check writes nothing."""
    unread = TokensUnavailable("x")
    unread.__cause__ = NoResponse(operation="GetItem", reason="test", attempts=4, response_lost=True)
    for error in (ReadOnly(), unread):
        calls: list[int] = []
        with monkeypatch.context() as patch:
            patch.setattr(table, "send", takes(10, calls))

            def check(calls: list[int] = calls, error: PicusError = error) -> None:
                if calls:
                    raise error

            [outcomes] = write_new_items(rows(100), check)
        assert calls == [25]
        assert [outcome.error for outcome in outcomes] == [None] * 10 + [error] * 15
        assert not any(outcome.unknown for outcome in outcomes)
    assert count_items() == 20


def test_new_items_are_checked_before_their_write() -> None:
    with pytest.raises(BadValue):
        check_new_item({"object_id": {"S": "x"}}, 10)
    text = "x" * (409_600 - 9 - 36 - 1)
    check_new_item({"a": {"S": text}}, len(text))
    with pytest.raises(ItemTooLarge):
        check_new_item({"a": {"S": text + "x"}}, len(text) + 1)
