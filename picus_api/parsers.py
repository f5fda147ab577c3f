"""Request bodies: exact JSON."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from django.http import HttpRequest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.settings import api_settings

from picus_api.body import is_plain_utf8, read_body
from picus_api.core.attributes import AttributeMap
from picus_api.core.from_json import attributes_from_json

_JSON_TYPE = re.compile(r"application/json|[a-z0-9][\w!#$&^.-]*/[a-z0-9][\w!#$&^.+-]*\+json")

# application/json-patch+json is another kind of patch.
_PATCH_TYPE = re.compile(r"application/(?:merge-patch\+)?json")
ACCEPT_PATCH = "application/merge-patch+json, application/json"


class ItemParser(BaseParser):
    """A JSON object, straight to DynamoDB attribute values. Raises BadValue."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any] | HttpRequest,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> AttributeMap:
        """The attribute map of the body. DRF hands over Django's request as the stream."""
        assert isinstance(stream, HttpRequest)
        return attributes_from_json(read_body(stream))


_QUALITY = re.compile(r";[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?=;|$)", re.IGNORECASE)


def by_quality(accepted: list[str]) -> dict[float, list[str]]:
    """The media ranges of an Accept header by their qualities (RFC 9110, section 12.4.2); 1 where there is none."""
    levels: dict[float, list[str]] = {}
    for media_range in accepted:
        found = _QUALITY.search(media_range)
        levels.setdefault(float(found[1]) if found else 1.0, []).append(_QUALITY.sub("", media_range))
    return levels


def _names(ranges: list[str], media_type: str) -> bool:
    return any(each.partition(";")[0].strip().lower() == media_type for each in ranges)


class Negotiation(DefaultContentNegotiation):
    """DRF's, with qualities, and ``+json`` types are JSON too (RFC 6839)."""

    _level: list[str] | None = None

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the request's media type, or None."""
        media_type = request.content_type.lower().partition(";")[0].strip()
        types = _PATCH_TYPE if request.method == "PATCH" else _JSON_TYPE
        understood = types.fullmatch(media_type) and is_plain_utf8(request._request)
        return parsers[0] if understood else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """DRF's choice; what most programs send is answered without weighing it."""
        usual = request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", renderers[0].media_type)
        if usual and not request.META.get("QUERY_STRING"):
            return renderers[0], renderers[0].media_type
        if request.query_params.get(api_settings.URL_FORMAT_OVERRIDE or "") == "":
            raise NotAcceptable
        self._level = None
        levels = by_quality(self.get_accept_list(request))
        refused = levels.pop(0.0, [])
        left = [renderer for renderer in renderers if not _names(refused, renderer.media_type)]
        for quality in sorted(levels, reverse=True):
            # DRF knows no qualities, and keeps what it has parsed.
            self._level = levels[quality]
            vars(request).pop("_parsed_accept_list", None)
            with suppress(NotAcceptable):
                return super().select_renderer(request, left, format_suffix)
        raise NotAcceptable

    def get_accept_list(self, request: Request) -> list[str]:
        """The types that the client takes; ``?format=`` outweighs them, so that a link to it works in a browser."""
        if self._level is not None:
            return self._level
        asked = request.query_params.get(api_settings.URL_FORMAT_OVERRIDE or "")
        accepted = [media_type for media_type in super().get_accept_list(request) if media_type]
        return accepted if accepted and not asked else ["*/*"]

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        """Those of the format that the query asks for. Raises NotAcceptable: the path itself is there."""
        chosen = [renderer for renderer in renderers if renderer.format == format]
        if not chosen:
            raise NotAcceptable
        return chosen
