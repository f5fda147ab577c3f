"""A pytest plugin: the tests of the contract that ministack can't pass, whoever serves behind it, each with the reason.

A name stands for all cases of a test, or for one with its brackets. One that matches nothing is an error, so that
nothing is left out for longer than its test exists. docs/rehearsal.md tells what therefore only AWS can show.
"""

import pytest

AT_THE_DOOR = "ministack's HTTP server refuses it with an empty answer, before the distribution sees it"
BUFFERED = "ministack reads a whole body before it does anything with it, where CloudFront passes it on"
HOST = "it is the Host that leads to a distribution: another one never gets there"
DECODED = "ministack's edge and REST API work on the decoded path, where AWS's work on the path as it was sent"
METHOD = "ministack's HTTP server writes every method in capitals"
SCHEME = "ministack takes a viewer's X-Forwarded-Proto for the truth"
UPGRADE = "ministack's HTTP server takes up the offer of HTTP/2 over a plain connection"
LATIN = "ministack passes on a field that HTTP's client of its own can't write"
CROWD = "ministack starts a process for each call that runs at once: a hundred are more than a machine like this has"

ABSENT = "test_errors.py::test_an_absent_key_has_the_same_bytes_from_both_computes"
ODD = "test_hostile_framing.py::test_odd_header_fields_change_nothing"
REPLACED = "test_replace.py::test_first_put_creates_and_next_puts_replace"
EXCESSIVE = "test_hostile_framing.py::test_excessive_header_fields_are_taken_or_refused"
GAPS = {
    "test_hostile_framing.py::test_malformed_content_length_is_refused": AT_THE_DOOR,
    "test_hostile_framing.py::test_two_different_content_lengths_are_400": AT_THE_DOOR,
    "test_hostile_framing.py::test_two_different_content_lengths_delete_nothing": AT_THE_DOOR,
    "test_hostile_framing.py::test_an_unknown_transfer_encoding_is_refused": AT_THE_DOOR,
    "test_hostile_framing.py::test_malformed_chunks_are_400": AT_THE_DOOR,
    "test_hostile_framing.py::test_length_with_chunks_is_never_two_requests": AT_THE_DOOR,
    "test_hostile_framing.py::test_endless_headers_are_refused": AT_THE_DOOR,
    "test_hostile_framing.py::test_endless_path_is_refused": AT_THE_DOOR,
    "test_hostile_framing.py::test_malformed_request_is_400": AT_THE_DOOR,
    "test_hostile_framing.py::test_large_body_is_413_before_it_is_read": BUFFERED,
    "test_hostile_framing.py::test_large_body_with_expect_is_413": BUFFERED,
    "test_hostile_framing.py::test_hundred_megabytes_are_413_for_the_client": BUFFERED,
    "test_hostile_framing.py::test_a_hundred_megabytes_in_chunks_are_413": BUFFERED,
    "test_hostile_framing.py::test_a_hundred_megabytes_delete_nothing": BUFFERED,
    "test_put_lines.py::test_early_error_in_long_body_gets_response": BUFFERED,
    "test_versions.py::test_hundred_deletes_of_one_etag_have_one_winner": CROWD,
    "test_health.py::test_liveness_ignores_the_host": HOST,
    "test_errors.py::test_key_that_is_not_text_is_refused": DECODED,
    **{f"{ABSENT}[{key}]": DECODED for key in ("%2F", "abc%2F", "get%2Fabc", "a%252Fb", "%2525", "a%0Ab")},
    **{f"{REPLACED}[{key}]": DECODED for key in ("a%2Fb", "a\\nb")},
    f"{ABSENT}[%0D%0AX-Injected:%201]": DECODED,
    "test_hostile_input.py::test_an_unknown_method_is_405[get-/picus/list-GET]": METHOD,
    "test_hostile_input.py::test_an_unknown_method_is_405[get-/picus/get/x-GET]": METHOD,
    f"{ODD}[GET-/picus/get/absent-contradictory schemes]": SCHEME,
    f"{ODD}[DELETE-/picus/absent-contradictory schemes]": SCHEME,
    f"{ODD}[GET-/picus/get/absent-an upgrade]": UPGRADE,
    f"{ODD}[DELETE-/picus/absent-an upgrade]": UPGRADE,
    f"{EXCESSIVE}[GET-/picus/get/absent-not ASCII]": LATIN,
    f"{EXCESSIVE}[DELETE-/picus/absent-not ASCII]": LATIN,
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the gaps out, and says so."""
    found = {item: gap for item in items if (gap := _gap(item))}
    if unknown := GAPS.keys() - found.values():
        raise pytest.UsageError(f"no such tests: {sorted(unknown)}")
    config.hook.pytest_deselected(items=list(found))
    items[:] = [item for item in items if item not in found]


def _gap(item: pytest.Item) -> str | None:
    name = item.nodeid.rpartition("contract/")[2]
    return next((gap for gap in (name, name.partition("[")[0]) if gap in GAPS), None)
