"""Guessed tokens cost no calls and tell nothing, and no header field causes a 5xx."""

import hmac
import random
import string
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picus_api.core.access import access, token_table, tokens
from picus_api.core.access.access import Credentials
from tests.unit.access.conftest import Computes, bearer, new

BASE62 = string.ascii_letters + string.digits
Calls = list[tuple[str, str]]


def guess(generator: random.Random) -> str:
    """Return a random text of the form of a token."""
    return f"picus_{''.join(generator.choices(BASE62, k=8))}_{''.join(generator.choices(BASE62, k=49))}"


def checked(token_id: str, secret: str) -> str:
    """Return the text with a right checksum, as a guesser who knows the form would make it."""
    text = f"picus_{token_id}_{secret}"
    return text + tokens._checksum(text)


def test_ten_thousand_guesses_cause_no_call(closed: Computes, calls: Calls) -> None:
    generator = random.Random(12)
    for _ in range(10_000):
        client = access.authenticate(Credentials(f"Bearer {guess(generator)}", None, None))
        assert client.refusal is not None
    for method, path in (("GET", "/picus/get/k"), ("DELETE", "/picus/k")):
        assert closed.send(method, path, **bearer(guess(generator))).status == 401
    assert calls == []


def test_guesses_with_right_checksum_are_bounded(closed: Computes, calls: Calls) -> None:
    right = new()
    secret = "0" * tokens.SECRET_LENGTH
    assert closed.send("GET", "/picus/list", **bearer(right)).status == 200
    calls.clear()
    # One id costs one call, however often, and many ids displace each other only.
    for number in range(token_table.MAX_TOKENS + 50):
        for text in (checked("unknown0", secret), checked(f"{number:08}", secret)) if number < 20 else ():
            assert closed.send("GET", "/picus/list", **bearer(text)).status == 401
        access.rules().tokens._unknown.put(f"x{number}", True, token_table.now())
    assert len(calls) == 21
    assert len(access.rules().tokens._unknown._entries) == token_table.MAX_TOKENS
    assert closed.send("GET", "/picus/list", **bearer(right)).status == 200
    assert [table for _, table in calls[21:]] == [""]


def test_flood_of_guesses_spares_known_tokens(closed: Computes, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    right = new()
    monkeypatch.setattr(token_table, "NEW_IDS_PER_SECOND", 0.0)
    assert closed.send("GET", "/picus/list", **bearer(right)).status == 200
    calls.clear()
    secret = "0" * tokens.SECRET_LENGTH
    replies = [closed.send("GET", "/picus/list", **bearer(checked(f"{number:08}", secret))) for number in range(150)]
    assert [reply.status for reply in replies] == [401] * 99 + [503] * 51
    assert (replies[-1].headers["Retry-After"], replies[-1].json["code"]) == ("1", "tokens_unavailable")
    assert len(calls) == 99
    # Its cached read has expired, and is repeated.
    later = time.monotonic() + 31
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert closed.send("GET", "/picus/list", **bearer(right)).status == 200


def test_unknown_id_and_wrong_secret_take_same_steps(
    closed: Computes, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    compare = hmac.compare_digest

    def counting(left: str, right: str) -> bool:
        compared.append(len(right))
        return compare(left, right)

    known = new().split("_")[1]
    expired = new(lifetime=-1)
    monkeypatch.setattr(hmac, "compare_digest", counting)
    secret = "0" * tokens.SECRET_LENGTH
    steps = []
    for text in (checked("unknown0", secret), checked(known, secret), expired):
        for _ in range(2):
            calls.clear()
            compared.clear()
            body = closed.send("GET", "/picus/get/k", **bearer(text)).body
            steps.append((list(calls), list(compared), body))
    first, repeated = steps[0], steps[1]
    assert (first[0], first[1]) == ([("GetItem", "_tokens")], [64])
    assert (repeated[0], repeated[1]) == ([], [64])
    assert steps == [first, repeated] * 3


PIECES = ["Bearer ", "bearer", "Basic ", "picus_", "picus_token=", "__Host-picus_token", "=", ";", ",", " ", "\t", "_"]
LATIN_1 = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)
FIELDS = st.one_of(LATIN_1, st.lists(st.one_of(st.sampled_from(PIECES), LATIN_1), max_size=8).map("".join))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FIELDS, FIELDS, FIELDS)
def test_odd_header_fields_never_cause_5xx(closed: Computes, one: str, two: str, three: str) -> None:
    fields = {"Authorization": one, "Cookie": two, "Sec_Fetch_Site": three}
    service = closed.send("GET", "/picus/get/k", **fields)
    function = closed.send("DELETE", "/picus/k", **fields)
    assert (service.status, service.body) == (function.status, function.body)
    assert service.status == 401
