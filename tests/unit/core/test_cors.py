"""The CORS rules that the service and the function share."""

import pytest

from picus_api.core import cors

ORIGIN = "https://app.example"


def test_no_origins_add_no_headers() -> None:
    assert cors.headers((), "GET", {"origin": ORIGIN}) == {}


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((ORIGIN,), ORIGIN, ORIGIN),
        (("https://other.example", ORIGIN), ORIGIN, ORIGIN),
        (cors.ALL, ORIGIN, "*"),
        ((ORIGIN,), "https://evil.example", None),
        ((ORIGIN,), ORIGIN + ".evil.example", None),
        ((ORIGIN,), "", None),
        (cors.ALL, "", None),
    ],
)
def test_allowed_origin_is_named(origins: tuple[str, ...], origin: str, allowed: str | None) -> None:
    added = cors.headers(origins, "GET", {"origin": origin} if origin else {})
    assert added["vary"] == "origin"
    assert added.get("access-control-allow-origin") == allowed
    assert ("access-control-expose-headers" in added) == (allowed is not None)
    assert "access-control-allow-methods" not in added


def test_preflight_lists_methods_and_headers() -> None:
    request = {"origin": ORIGIN, "access-control-request-method": "DELETE"}
    assert cors.is_preflight("OPTIONS", request)
    assert not cors.is_preflight("GET", request)
    assert not cors.is_preflight("OPTIONS", {"origin": ORIGIN})
    added = cors.headers((ORIGIN,), "OPTIONS", request)
    assert "DELETE" in added["access-control-allow-methods"].split(", ")
    assert {"authorization", "if-match"} <= set(added["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in added
