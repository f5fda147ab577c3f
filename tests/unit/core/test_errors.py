"""The error table: every class has a unique code, a status and a message, and is documented."""

import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from picus_api.core import errors
from picus_api.core.errors import BadLine, BadParameter, BadValue, ItemNotFound, PicusError, json_pointer
from tests.dynamodb import ROOT

CODE = re.compile(r"[a-z]+(_[a-z]+)*")
# Classes that share the code of their base class: a client does the same about each of them.
SHARED = {"BadLine": "internal_error", "InternalError": "internal_error", "TableMissing": "unavailable"}
SHARED["TooManyNewTokens"] = "tokens_unavailable"
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "BadLine": (3, errors.InvalidJson("The body is not JSON.")),
    "BadParameter": ("The parameter limit is empty: leave it out.", "limit"),
    "BadValue": ("This can't be stored.", "a"),
    "BodyTooLarge": (100,),
    "CheckFailed": ("table",),
    "IdempotencyTableMissing": ("a and b",),
    "InsufficientScope": ("write",),
    "InvalidToken": ("id",),
    "ItemNotFound": ("k",),
    "MethodNotAllowed": ("PATCH",),
    "TokensUnavailable": ("id",),
    "TooManyNewTokens": ("id",),
    "UnsupportedContentCoding": ("gzip",),
    "UnsupportedMediaType": ("text/plain", "application/json"),
}
# Their messages say what exactly is wrong, so the raising code brings them.
SPECIFIC = ("InvalidJson", "InvalidHeader", "InvalidKey", "PreconditionFailed", "WriteConflict")


def all_classes(base: type[PicusError] = PicusError) -> Iterator[type[PicusError]]:
    """Yield the classes of the table, the base class first."""
    yield base
    for derived in base.__subclasses__():
        if derived.__module__ == errors.__name__:
            yield from all_classes(derived)


CLASSES = sorted(set(all_classes()), key=lambda each: each.__name__)
every_class = pytest.mark.parametrize("error_class", CLASSES, ids=lambda each: each.__name__)


def instance(error_class: type[PicusError]) -> PicusError:
    name = error_class.__name__
    arguments = ("Something exact.",) if name in SPECIFIC else ARGUMENTS.get(name, ())
    return error_class(*arguments)  # type: ignore[arg-type]


def test_codes_are_unique() -> None:
    by_code = defaultdict(list)
    for error_class in CLASSES:
        if SHARED.get(error_class.__name__) != error_class.code:
            by_code[error_class.code].append(error_class.__name__)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}
    assert len(by_code) > 25


@every_class
def test_code_is_stable_name(error_class: type[PicusError]) -> None:
    assert CODE.fullmatch(error_class.code)


@every_class
def test_status_is_error_of_http(error_class: type[PicusError]) -> None:
    assert 400 <= HTTPStatus(instance(error_class).status) < 600


@every_class
def test_message_is_one_sentence(error_class: type[PicusError]) -> None:
    message = instance(error_class).message
    assert 10 < len(message) < 200
    assert "\n" not in message
    assert str(instance(error_class)) == message


@every_class
def test_body_has_message_and_code(error_class: type[PicusError]) -> None:
    error = instance(error_class)
    body = error.body()
    assert body["error"] == error.message
    assert body.get("code") == (None if error_class is ItemNotFound else CODES.get(error_class.__name__, error.code))


CODES = {"BadLine": "invalid_json"}


@every_class
def test_retry_after_stands_in_headers(error_class: type[PicusError]) -> None:
    retry_after = error_class.retry_after
    field = instance(error_class).headers().get("Retry-After")
    assert field == (None if retry_after is None else str(retry_after))
    assert retry_after is None or (retry_after > 0 and error_class.status in (409, 503))


def test_unsupported_body_names_what_is_supported() -> None:
    assert errors.UnsupportedMediaType("text/plain", "application/json").headers() == {"Accept": "application/json"}
    assert errors.UnsupportedContentCoding("gzip").headers() == {"Accept-Encoding": "identity"}


def test_throttling_and_load_ask_for_a_retry() -> None:
    assert [each.__name__ for each in CLASSES if each.retry_after] == [
        "IdempotencyKeyInUse",
        "ReadOnly",
        "ServiceBusy",
        "TableThrottled",
        "TooManyNewTokens",
        "WriteConflict",
    ]


@every_class
def test_outages_are_logged_and_client_errors_not(
    error_class: type[PicusError], caplog: pytest.LogCaptureFixture
) -> None:
    error = instance(error_class)
    with caplog.at_level(logging.DEBUG, "test.errors"):
        error.log(logging.getLogger("test.errors"))
    causes = [record.__dict__["cause"] for record in caplog.records]
    assert causes == ([] if error_class.log_level is None else [error.cause])
    assert error.status >= 500 or not causes


def test_cause_names_error_and_request() -> None:
    cause = RuntimeError("no way")
    cause.request_id = "R1"  # type: ignore[attr-defined]
    error = errors.TableUnavailable()
    error.__cause__ = cause
    assert error.cause == "RuntimeError: no way (request R1)"
    assert "no way" not in str(error.body())


def test_missing_idempotency_table_says_what_to_do() -> None:
    assert errors.IdempotencyTableMissing("a and b").cause.endswith("./picus create_table creates a and b")


def test_missing_item_has_body_of_old_service() -> None:
    assert ItemNotFound('a"b').body() == {"error": 'Item with key "a"b" not found'}


def test_value_has_pointer() -> None:
    error = BadValue("It is too deep.", "a").within(0).within("b/c~d")
    assert error.body() == {"error": "It is too deep.", "code": "invalid_value", "pointer": "/b~1c~0d/0/a"}


def test_pointer_ends_before_lone_surrogate() -> None:
    assert json_pointer(["a", "\ud800", "b"]) == "/a"


def test_parameter_has_name_and_position() -> None:
    assert BadParameter("No.", "limit").body() == {"error": "No.", "code": "invalid_parameter", "parameter": "limit"}
    assert BadParameter("No.", "filter", 3).body()["position"] == 3


def test_line_has_code_and_status_of_item_error() -> None:
    error = BadLine(7, errors.ItemTooLarge(), "It is large.")
    assert error.status == 413
    assert error.body() == {"error": "Line 7: It is large.", "code": "item_too_large", "line": 7}
    assert BadLine(2, BadValue("No.", "a")).body()["pointer"] == "/a"


def test_documentation_lists_every_code() -> None:
    documentation = (ROOT / "docs" / "api.md").read_text()
    codes = {each.code for each in CLASSES} - {ItemNotFound.code}
    assert {code for code in codes if f"`{code}`" not in documentation} == set()
