"""Compress responses with gzip for clients that accept it (RFC 9110, section 8.4.1.3)."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from isal import isal_zlib

MIN_BYTES = 1024
"""A smaller body fits into one packet as it is."""
MAX_FIELD_LENGTH = 256
"""A longer Accept-Encoding field is not worth parsing: its client gets plain bodies."""
_LEVEL = 1
_GZIP_WINDOW = 31  # the largest window, in the gzip format
_TYPES = re.compile(r"text/|image/svg|application/(?:[\w.+-]*json|javascript|yaml|vnd\.oai\.openapi)")
_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def compress(request: HttpRequest, response: HttpResponseBase) -> None:
    """Compress the body if the client accepts gzip, the type is text and the body is not small.

    A strong ETag becomes weak, because the bytes are others (RFC 9110, section 8.8.1).
    """
    headers = response.headers
    if response.status_code == 304:
        _describe_not_modified(request, response)
    elif _TYPES.match(headers.get("Content-Type", "")) and "Content-Encoding" not in headers:
        _vary(response)
        # A part of a file is a part of its plain form.
        if accepts_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")) and response.status_code != 206:
            _compress_body(response)


def _compress_body(response: HttpResponseBase) -> None:
    if isinstance(response, StreamingHttpResponse):
        if int(response.headers.get("Content-Length", MIN_BYTES)) < MIN_BYTES:
            return
        response.streaming_content = _compressed_pieces(response.streaming_content)  # type: ignore[arg-type]
        del response["Content-Length"]
    elif isinstance(response, HttpResponse):
        if len(response.content) < MIN_BYTES:
            return
        response.content = isal_zlib.compress(response.content, _LEVEL, _GZIP_WINDOW)
        response["Content-Length"] = str(len(response.content))
    response["Content-Encoding"] = "gzip"
    _weaken_etag(response)


def _compressed_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Return each piece compressed, in full, so that no client waits for bytes that are there.

    Empty pieces stay empty: the server looks whether the client is still there. If a piece raises an error, the gzip
    stream has no end: it can't be taken for a whole one.
    """
    compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)

    def compressed(piece: bytes) -> bytes:
        return compressor.compress(piece) + compressor.flush(isal_zlib.Z_SYNC_FLUSH) if piece else b""

    # `map`, because it keeps no piece while a slow client takes the one before.
    return chain(map(compressed, pieces), (compressor.flush() for _ in range(1)))


def _describe_not_modified(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give a 304 the header fields of the 200 that it stands for (RFC 9110, section 15.4.5)."""
    _vary(response)
    if not accepts_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")):
        return
    seen_weak = f"W/{response.headers.get('ETag')}" in request.META.get("HTTP_IF_NONE_MATCH", "")
    if seen_weak or int(response.headers.get("Content-Length", 0)) >= MIN_BYTES:
        del response["Content-Length"]
        _weaken_etag(response)


def _vary(response: HttpResponseBase) -> None:
    vary = response.headers.get("Vary")
    if vary is None:
        response["Vary"] = "Accept-Encoding"
    elif "Accept-Encoding" not in vary:
        response["Vary"] = f"{vary}, Accept-Encoding"


def _weaken_etag(response: HttpResponseBase) -> None:
    tag = response.headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        response["ETag"] = f"W/{tag}"


@lru_cache(maxsize=64)
def accepts_gzip(field: str) -> bool:
    """Return True if an Accept-Encoding field accepts gzip, and does not prefer the plain form.

    A coding that is not named has the quality of ``*``, and without that 0; the plain form has 1 only if it is named.
    """
    if not field or len(field) > MAX_FIELD_LENGTH:
        return False
    qualities = {}
    for member in field.lower().split(","):
        coding, _, parameter = member.partition(";")
        quality = _QUALITY.fullmatch(parameter.strip(" \t")) if parameter else None
        malformed = parameter and quality is None
        qualities[coding.strip(" \t")] = 0.0 if malformed else float(quality[1]) if quality else 1.0
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)
