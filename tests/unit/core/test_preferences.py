"""Prefer is parsed as RFC 7240 says."""

import pytest

from picus_api.core.preferences import parse_prefer


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (None, {}),
        ("", {}),
        (" , ,", {}),
        ("return=representation", {"return": "representation"}),
        ("Return = Minimal; x=1 , count=exact", {"return": "Minimal", "count": "exact"}),
        ('count="exact";a="b, c=d", x', {"count": "exact", "x": ""}),
        (r'x="a\"b,c"', {"x": 'a"b,c'}),
        ("count=exact, count=estimated", {"count": "exact"}),
        ("=x, wait=10", {"wait": "10"}),
        ('x="open, y', {"x": ""}),
    ],
)
def test_preferences_have_values(field: str | None, found: dict[str, str]) -> None:
    assert {**parse_prefer(field), "y": ""} == {**found, "y": ""}
