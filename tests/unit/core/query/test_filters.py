"""Any text of a filter or of fields is compiled, or refused with a position."""

import json
from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from picus_api.core.errors import BadParameter
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import compile_filter
from picus_api.core.query.projection import compile_fields

words = st.sampled_from(
    [
        "a",
        "b.c",
        '"d e"',
        "=",
        "!=",
        "<",
        ">=",
        ":*",
        "1",
        '"x"',
        "true",
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        "begins_with(",
        ",",
    ]
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def place_of_error(compiler: Callable[[str, Placeholders], str], text: str) -> int | None:
    """Return the position of the error, or None for text that is compiled with all placeholders in use."""
    placeholders = Placeholders()
    try:
        expression = compiler(text, placeholders)
    except BadParameter as error:
        return error.position
    assert all(placeholder in expression for placeholder in (*placeholders.names, *placeholders.values))
    return None


@given(st.text(max_size=60) | st.lists(words, max_size=15).map(" ".join))
@example("[" * 100_000)
@example("a = " + "[" * 100_000)
def test_a_filter_is_compiled_or_refused_with_a_position(text: str) -> None:
    assert place_of_error(compile_filter, text) in (None, *range(1, len(text) + 2))


@given(st.lists(names, min_size=1, max_size=5))
def test_any_name_can_be_written_as_a_json_string(steps: list[str]) -> None:
    placeholders = Placeholders()
    path = ".".join(json.dumps(step) for step in steps)
    compile_fields(path, placeholders)
    if steps[0] != "object_id":
        assert set(placeholders.names.values()) == {*steps, "object_id"}


@given(st.text(max_size=60))
def test_fields_are_compiled_or_refused_with_a_position(text: str) -> None:
    assert place_of_error(compile_fields, text) in (None, *range(1, len(text) + 2))
