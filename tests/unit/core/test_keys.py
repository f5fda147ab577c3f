"""Keys in paths."""

import pytest

from picus_api.core.errors import BadRequest
from picus_api.core.keys import key_from_path


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a", "a"),
        ("a/", "a"),
        ("a//", "a/"),
        ("a%2F", "a/"),
        ("a%2Fb/", "a/b"),
        ("a/b", "a/b"),
        ("%25", "%"),
        ("%2525", "%25"),
        ("a+b", "a+b"),
        ("%C3%A4", "ä"),
        ("%", "%"),
        ("", ""),
        ("/", ""),
    ],
)
def test_a_key_is_decoded_once(encoded: str, key: str) -> None:
    assert key_from_path(encoded) == key


@pytest.mark.parametrize("encoded", ["%FF", "a%ED%A0%80"])
def test_key_that_is_not_utf8_is_refused(encoded: str) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        key_from_path(encoded)
