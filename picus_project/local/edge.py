"""The local edge: the stand-in for the CloudFront distribution of ecs/edge.yaml.

Routing and headers come from the template. Known differences from CloudFront: plain HTTP/1.1 instead of TLS; errors in
the contract's shape instead of HTML; 405 with `Allow` instead of 403 for a method that a behaviour does not allow; 431
and 414 instead of 413; no response headers policy; no access log.
"""

import secrets
from contextlib import suppress

import h11

from picus_api.core.request_target import InvalidRequestTarget, RequestTarget, parse_request_target
from picus_project.local.connections import AcceptedConnection, Header, has_body
from picus_project.local.distribution import Behaviour, Distribution
from picus_project.local.proxy import Forward, Respond, end_to_end_headers, forwarded_for

# CloudFront's quota for the URL.
MAX_URL_BYTES = 8192
VIA = b"1.1 local.cloudfront.net (CloudFront)"
# CloudFront removes or replaces the client's values of these fields under every policy.
REMOVED = frozenset((b"expect", b"x-forwarded-proto", b"x-real-ip", b"x-amz-cf-id", b"x-forwarded-for"))


class LocalEdge:
    """Route requests by a distribution."""

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution

    def route(self, request: h11.Request, client: AcceptedConnection) -> Forward | Respond:
        """Return the request as its origin gets it, or a response of the edge itself."""
        if len(request.target) > MAX_URL_BYTES:
            return Respond(status=414, reason=f"The URL is longer than {MAX_URL_BYTES} bytes")
        try:
            target = parse_request_target(bytes(request.target))
        except InvalidRequestTarget as error:
            return Respond(status=400, reason=f"The request is malformed: {error}")
        if not _is_authority(dict(request.headers).get(b"host", b"")):
            return Respond(status=400, reason="The request is malformed: its Host is not a host and port")
        if target.form == "asterisk":
            return _server_options(request)
        behaviour = self.distribution.behaviour(target)
        return _rejection(request, behaviour) or _forward(request, target, client, behaviour)


def _is_authority(host: bytes) -> bool:
    """Return True if a Host is empty or could be the authority of a URL."""
    with suppress(InvalidRequestTarget):
        return not host or parse_request_target(b"http://" + host).authority.encode() == host
    return False


def _server_options(request: h11.Request) -> Respond:
    """Respond to `OPTIONS *`, which asks about the server as a whole (RFC 9110, 9.3.7)."""
    if request.method == b"OPTIONS":
        return Respond(status=200)
    return Respond(status=400, reason="The request target * is for the method OPTIONS only")


def _rejection(request: h11.Request, behaviour: Behaviour) -> Respond | None:
    method = request.method.decode("ascii")
    if method not in behaviour.methods:
        allow = ", ".join(behaviour.methods)
        reason = f"The method {method} is not allowed here; allowed are {allow}"
        return Respond(status=405, reason=reason, headers=[(b"Allow", allow.encode())])
    if method == "GET" and has_body(request):
        return Respond(status=403, reason="A GET request can't have a body: CloudFront refuses it")
    return None


def _forward(request: h11.Request, target: RequestTarget, client: AcceptedConnection, behaviour: Behaviour) -> Forward:
    origin = behaviour.origin
    # A new id for each request: the client's own value is not trusted.
    request_id = (b"X-Amz-Cf-Id", secrets.token_urlsafe(42).encode())
    return Forward(
        name=origin.id,
        address=(origin.host, origin.port),
        target=origin.path.encode() + _origin_form(request, target),
        headers=[*_origin_headers(request, target, client, behaviour), request_id],
        read_seconds=origin.read_seconds,
        idle_seconds=origin.keep_alive_seconds,
        response_headers=[(b"Via", VIA), request_id],
    )


def _origin_form(request: h11.Request, target: RequestTarget) -> bytes:
    """Return the raw target, without the scheme and authority of an absolute form."""
    if target.form == "origin":
        return request.target
    return f"{target.path}?{target.query}".encode() if target.query else target.path.encode()


def _origin_headers(
    request: h11.Request, target: RequestTarget, client: AcceptedConnection, behaviour: Behaviour
) -> list[Header]:
    """Return the client's headers, as the origin request policy forwards them, and CloudFront's own."""
    origin = behaviour.origin
    added = [(name.encode(), value.encode()) for name, value in origin.headers]
    # The authority of an absolute form replaces Host (RFC 9112, 3.2.2).
    host = target.authority.encode() or dict(request.headers).get(b"host", b"")
    if not behaviour.keeps_host or not host:
        host = f"{origin.host}:{origin.port}".encode()
    added.append((b"Host", host))
    replaced = REMOVED | {name.lower() for name, _ in added}
    kept = [
        (raw, value)
        for raw, value in end_to_end_headers(request)
        if raw.lower() not in replaced and not raw.lower().startswith(b"x-edge-")
    ]
    return [*kept, *added, (b"X-Forwarded-For", forwarded_for(request, client)), (b"Via", VIA)]
