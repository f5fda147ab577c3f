"""Cross-origin requests (CORS): one set of rules for both computes. https://fetch.spec.whatwg.org/#http-cors-protocol

The service applies the rules by django-cors-headers; the delete function, which has no Django, by ``headers``. CORS is
off unless CORS_ALLOWED_ORIGINS names origins, or all by ``*``. Credentials are never allowed.
"""

from collections.abc import Mapping

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
REQUEST_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "x-request-id",
)
EXPOSED_HEADERS = (
    "Accept-Patch",
    "Content-Location",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Picus-Consumed-Capacity",
    "Picus-Plan",
    "Picus-Total-Count",
    "Preference-Applied",
    "Retry-After",
    "X-Request-Id",
)
MAX_AGE_SECONDS = 86400
ALL = ("*",)


def is_preflight(method: str, request: Mapping[str, str]) -> bool:
    """Return True for a preflight request of a browser. Header names are in lower case."""
    return method == "OPTIONS" and "access-control-request-method" in request


def headers(origins: tuple[str, ...], method: str, request: Mapping[str, str]) -> dict[str, str]:
    """Return the header fields that the rules add to a response; none if no origins are allowed."""
    if not origins:
        return {}
    added = {"vary": "origin"}
    origin = request.get("origin")
    if (origins != ALL and origin not in origins) or not origin:
        return added
    added["access-control-allow-origin"] = "*" if origins == ALL else origin
    added["access-control-expose-headers"] = ", ".join(EXPOSED_HEADERS)
    if method == "OPTIONS":
        added["access-control-allow-headers"] = ", ".join(REQUEST_HEADERS)
        added["access-control-allow-methods"] = ", ".join(METHODS)
        added["access-control-max-age"] = str(MAX_AGE_SECONDS)
    return added
