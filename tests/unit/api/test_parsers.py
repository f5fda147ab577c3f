"""Media types: which parser takes a body, and which renderer the client prefers."""

from contextlib import nullcontext

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from picus_api.core.errors import NotAcceptable, UnsupportedContentCoding, UnsupportedMediaType
from picus_api.pages.renderer import BrowsableRenderer
from picus_api.parsers import ItemParser, Negotiation
from picus_api.renderers import ItemRenderer, NdjsonRenderer

RENDERERS = [ItemRenderer(), BrowsableRenderer(), NdjsonRenderer()]


def chosen(accept: str | None, query: str = "") -> str:
    """Return the media type that is chosen for an Accept field."""
    headers = {} if accept is None else {"accept": accept}
    request = Request(APIRequestFactory().get(f"/picus/list{query}", headers=headers))
    return str(Negotiation().select_renderer(request, RENDERERS)[0].media_type)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/json;q=0.4, application/x-ndjson;q=0.5", "application/x-ndjson"),
        ("application/json;q=0, application/*", "application/x-ndjson"),
        ("text/csv, */*;q=0.001", "application/json"),
    ],
)
def test_client_gets_type_it_prefers(accept: str | None, media_type: str) -> None:
    assert chosen(accept) == media_type


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "*/*;q=0", "application/xml, text/csv"])
def test_unacceptable_types_raise(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        chosen(accept)


def test_format_in_query_overrides_accept() -> None:
    assert chosen("text/html", "?format=json") == "application/json"
    for query in ("?format=", "?format=xml"):
        with pytest.raises(NotAcceptable):
            chosen("*/*", query)


@pytest.mark.parametrize(
    ("method", "content_type", "parsed"),
    [
        ("POST", "application/json", True),
        ("POST", "Application/JSON; charset=utf-8", True),
        ("POST", "application/geo+json", True),
        ("POST", "application/json; charset=utf-16", False),
        ("POST", "text/plain", False),
        ("POST", "application/merge-patch+json", True),
        ("PATCH", "application/merge-patch+json", True),
        ("PATCH", "application/json", True),
        ("PATCH", "application/json-patch+json", False),
        ("PATCH", "application/geo+json", False),
    ],
)
def test_media_type_selects_parser(method: str, content_type: str, parsed: bool) -> None:
    request = Request(APIRequestFactory().generic(method, "/picus/put", "{}", content_type))
    with nullcontext() if parsed else pytest.raises(UnsupportedMediaType):
        assert isinstance(Negotiation().select_parser(request, [ItemParser()]), ItemParser)


def test_content_coding_is_refused() -> None:
    headers = {"content-encoding": "gzip"}
    request = Request(APIRequestFactory().generic("POST", "/picus/put", "{}", "application/json", headers=headers))
    with pytest.raises(UnsupportedContentCoding):
        Negotiation().select_parser(request, [ItemParser()])
