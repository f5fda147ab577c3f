"""A pytest plugin that deselects the contract tests that ministack can't pass, each with the reason.

A name means all cases of a test, or one case with its brackets. A name that matches no test is an error.
docs/rehearsal.md lists the behaviour that only AWS can show.
"""

import pytest

REFUSED_EARLY = "ministack's HTTP server refuses the request with an empty body, before the distribution gets it"
BUFFERED = "ministack reads a whole body first, while CloudFront forwards it as it arrives"
HOST = "ministack finds the distribution by the Host field"
DECODED = "ministack's distribution and REST API use the decoded path, while AWS uses the path as sent"
METHOD = "ministack's HTTP server changes methods to capitals"
SCHEME = "ministack trusts a viewer's X-Forwarded-Proto"
UPGRADE = "ministack's HTTP server accepts an upgrade to HTTP/2"
LATIN = "ministack's HTTP client can't send the field"
FIELDS = "ministack sets Date, Content-Length and Server of a response itself, and repeats fields"
CROWD = "ministack starts a process for each concurrent call, and a hundred need too much memory"

ABSENT = "test_errors.py::test_an_absent_key_has_the_same_bytes_from_both_computes"
ODD = "test_hostile_framing.py::test_odd_header_fields_change_nothing"
REPLACED = "test_replace.py::test_first_put_creates_and_next_puts_replace"
EXCESSIVE = "test_hostile_framing.py::test_excessive_header_fields_are_taken_or_refused"
GAPS = {
    "test_hostile_framing.py::test_malformed_content_length_is_refused": REFUSED_EARLY,
    "test_hostile_framing.py::test_two_different_content_lengths_are_400": REFUSED_EARLY,
    "test_hostile_framing.py::test_two_different_content_lengths_delete_nothing": REFUSED_EARLY,
    "test_hostile_framing.py::test_an_unknown_transfer_encoding_is_refused": REFUSED_EARLY,
    "test_hostile_framing.py::test_malformed_chunks_are_400": REFUSED_EARLY,
    "test_hostile_framing.py::test_length_with_chunks_is_never_two_requests": REFUSED_EARLY,
    "test_hostile_framing.py::test_endless_headers_are_refused": REFUSED_EARLY,
    "test_hostile_framing.py::test_endless_path_is_refused": REFUSED_EARLY,
    "test_hostile_framing.py::test_malformed_request_is_400": REFUSED_EARLY,
    "test_hostile_framing.py::test_large_body_is_413_before_it_is_read": BUFFERED,
    "test_hostile_framing.py::test_large_body_with_expect_is_413": BUFFERED,
    "test_hostile_framing.py::test_hundred_megabytes_are_413_for_the_client": BUFFERED,
    "test_hostile_framing.py::test_a_hundred_megabytes_in_chunks_are_413": BUFFERED,
    "test_hostile_framing.py::test_a_hundred_megabytes_delete_nothing": BUFFERED,
    "test_put_lines.py::test_early_error_in_long_body_gets_response": BUFFERED,
    "test_versions.py::test_hundred_deletes_of_one_etag_have_one_winner": CROWD,
    "test_costly_input.py::test_lone_surrogates_are_no_key": DECODED,
    "test_compression.py::test_a_compressed_item_has_a_weak_etag_that_matches": FIELDS,
    "test_compression.py::test_head_has_the_fields_of_a_compressed_get": FIELDS,
    "test_httplint.py::test_httplint_finds_nothing": FIELDS,
    "test_routing.py::test_head_has_the_fields_of_get": FIELDS,
    "test_health.py::test_liveness_ignores_the_host": HOST,
    "test_errors.py::test_key_that_is_not_text_is_refused": DECODED,
    **{f"{ABSENT}[{key}]": DECODED for key in ("%2F", "abc%2F", "get%2Fabc", "a%252Fb", "%2525", "a%0Ab")},
    **{f"{REPLACED}[{key}]": DECODED for key in ("a%2Fb", "a\\nb", "a/../b")},
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
    """Deselect the gaps. Raises UsageError for a name without a test."""
    found = {item: gap for item in items if (gap := _gap(item))}
    if unknown := GAPS.keys() - found.values():
        raise pytest.UsageError(f"no such tests: {sorted(unknown)}")
    config.hook.pytest_deselected(items=list(found))
    items[:] = [item for item in items if item not in found]


def _gap(item: pytest.Item) -> str | None:
    name = item.nodeid.rpartition("contract/")[2]
    return next((gap for gap in (name, name.partition("[")[0]) if gap in GAPS), None)
