"""Parse request bodies as exact JSON, and negotiate media types."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from django.http import HttpRequest
from rest_framework.exceptions import NotAcceptable as DrfNotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.settings import api_settings

from picus_api.core.errors import NotAcceptable, UnsupportedMediaType
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.json_bounds import check_bounds
from picus_api.request_body import check_is_plain_utf8, read_body

_JSON_TYPE = re.compile(r"application/json|[a-z0-9][\w!#$&^.-]*/[a-z0-9][\w!#$&^.+-]*\+json")

# Not application/json-patch+json, which is another kind of patch.
_PATCH_TYPE = re.compile(r"application/(?:merge-patch\+)?json")
ACCEPT_PATCH = "application/merge-patch+json, application/json"
ACCEPT_POST = "application/json, application/x-ndjson"


class ItemParser(BaseParser):
    """Parse a JSON object into DynamoDB attribute values. Raises InvalidJson, BadValue, ItemTooLarge, ServiceBusy."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any] | HttpRequest,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> AttributeMap:
        """Return the attribute map of the body. DRF passes Django's request as the stream."""
        assert isinstance(stream, HttpRequest)
        body = read_body(stream)
        check_bounds(body)
        return attributes_from_json(body)


_QUALITY = re.compile(r";[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?=;|$)", re.IGNORECASE)


def _by_quality(accepted: list[str]) -> dict[float, list[str]]:
    """Return the media ranges of an Accept field by their qualities (RFC 9110, section 12.4.2); the default is 1."""
    levels: dict[float, list[str]] = {}
    for media_range in accepted:
        found = _QUALITY.search(media_range)
        levels.setdefault(float(found[1]) if found else 1.0, []).append(_QUALITY.sub("", media_range))
    return levels


def _names(ranges: list[str], media_type: str) -> bool:
    return any(each.partition(";")[0].strip().lower() == media_type for each in ranges)


class Negotiation(DefaultContentNegotiation):
    """DRF's content negotiation, with qualities, and with ``+json`` types as JSON (RFC 6839)."""

    _level: list[str] | None = None

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the parser for the request's media type. Raises UnsupportedMediaType, UnsupportedContentCoding."""
        check_is_plain_utf8(request._request)
        media_type = request.content_type.lower().partition(";")[0].strip()
        is_patch = request.method == "PATCH"
        if not (_PATCH_TYPE if is_patch else _JSON_TYPE).fullmatch(media_type):
            supported = ACCEPT_PATCH if is_patch else ACCEPT_POST if request.method == "POST" else "application/json"
            raise UnsupportedMediaType(request.content_type, supported)
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the renderer and media type. The Accept fields of most programs need no weighing."""
        usual = request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", renderers[0].media_type)
        if usual and not request.META.get("QUERY_STRING"):
            return renderers[0], renderers[0].media_type
        if request.query_params.get(api_settings.URL_FORMAT_OVERRIDE or "") == "":
            raise _unknown_format("", renderers)
        self._level = None
        levels = _by_quality(self.get_accept_list(request))
        refused = levels.pop(0.0, [])
        left = [renderer for renderer in renderers if not _names(refused, renderer.media_type)]
        # CSV needs columns. Without them, any other type that the client accepts comes first.
        has_columns = not {"fields", api_settings.URL_FORMAT_OVERRIDE}.isdisjoint(request.query_params)
        others = left if has_columns else [renderer for renderer in left if renderer.format != "csv"]
        for candidates in (others, left):
            for quality in sorted(levels, reverse=True):
                # DRF ignores qualities and caches the parsed field.
                self._level = levels[quality]
                vars(request).pop("_parsed_accept_list", None)
                with suppress(DrfNotAcceptable):
                    return super().select_renderer(request, candidates, format_suffix)
        raise NotAcceptable.accept(renderer.media_type for renderer in renderers)

    def get_accept_list(self, request: Request) -> list[str]:
        """Return the types that the client accepts; all if the query has ``format``, so that links work in browsers."""
        if self._level is not None:
            return self._level
        asked = request.query_params.get(api_settings.URL_FORMAT_OVERRIDE or "")
        accepted = [media_type for media_type in super().get_accept_list(request) if media_type]
        return accepted if accepted and not asked else ["*/*"]

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        """Return the renderers of the format in the query. Raises NotAcceptable, not NotFound: the path exists."""
        chosen = [renderer for renderer in renderers if renderer.format == format]
        if not chosen:
            raise _unknown_format(format, renderers)
        return chosen


def _unknown_format(value: str, renderers: Any) -> NotAcceptable:
    # "api" is DRF's name for pages, which browsers get by their Accept field.
    return NotAcceptable.format(value, (renderer.format for renderer in renderers if renderer.format != "api"))
