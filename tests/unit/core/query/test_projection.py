"""The parameter ``fields`` as a ProjectionExpression."""

import pytest

from picus_api.core.errors import BadParameter
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.projection import compile_fields


def compiled(text: str) -> set[str]:
    """Return the paths of the expression with their real names."""
    placeholders = Placeholders()
    expression = compile_fields(text, placeholders)
    return {".".join(placeholders.names[step] for step in path.split(".")) for path in expression.split(", ")}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a", {"a", "object_id"}),
        ("a, b.c", {"a", "b.c", "object_id"}),
        ("object_id", {"object_id"}),
        ("a.b,a", {"a", "object_id"}),
        ("a,a", {"a", "object_id"}),
        ('"with space"', {"with space", "object_id"}),
        ("object_id.x", {"object_id"}),
    ],
)
def test_fields_become_paths_with_the_key(text: str, paths: set[str]) -> None:
    assert compiled(text) == paths


def test_reserved_words_are_placeholders() -> None:
    placeholders = Placeholders()
    assert "name" not in compile_fields("name", placeholders)
    assert "name" in placeholders.names.values()


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 1), (",", 1), ("a,", 3), ("a b", 3), ("a..b", 3), ("a.", 3), ('"open', 1), ('""', 1), ("a = 1", 3)],
)
def test_malformed_fields_have_position(text: str, position: int) -> None:
    with pytest.raises(BadParameter) as refused:
        compiled(text)
    assert (refused.value.parameter, refused.value.position) == ("fields", position)


def test_too_many_fields_are_refused() -> None:
    with pytest.raises(BadParameter, match="too many"):
        compiled(",".join(f"a{number}" for number in range(1000)))
