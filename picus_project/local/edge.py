"""The edge twin: what the CloudFront distribution of ecs/edge.yaml does to a request, on this machine.

Everything that the template says comes from the template. What differs from CloudFront, knowingly: plain HTTP/1.1 to
the viewer instead of TLS; errors of the edge in the contract's shape instead of CloudFront's HTML; 405 with `Allow`
where CloudFront says 403 to a method that the behaviour does not allow; 431 and 414 where it says 413; no headers of a
response headers policy, no access log.
"""

import secrets

import h11

from picus_project.local.distribution import Behaviour, Distribution
from picus_project.local.http1 import Header, has_body
from picus_project.local.proxy import Forward, Refusal, end_to_end
from picus_project.local.viewer import Viewer

# CloudFront's quota for the URL.
MAX_URL_BYTES = 8192
VIA = b"1.1 local.cloudfront.net (CloudFront)"
# CloudFront takes these of the viewer's away, whatever the policy, or sets them itself.
REMOVED = frozenset((b"expect", b"x-forwarded-proto", b"x-real-ip", b"x-amz-cf-id", b"x-forwarded-for"))


class Edge:
    """Routes requests by a distribution; `route` is what a Proxy asks."""

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution

    def route(self, request: h11.Request, viewer: Viewer) -> Forward | Refusal:
        """Which origin gets the request, and how it looks by then."""
        target = request.target.decode("ascii")
        if not target.startswith("/"):
            return Refusal(status=400, reason="The request target must be a path that begins with a slash")
        if len(target) > MAX_URL_BYTES:
            return Refusal(status=414, reason=f"The URL is longer than {MAX_URL_BYTES} bytes")
        behaviour = self.distribution.behaviour(target.split("?")[0])
        return _refusal(request, behaviour) or _forward(request, viewer, behaviour)


def _refusal(request: h11.Request, behaviour: Behaviour) -> Refusal | None:
    method = request.method.decode("ascii")
    if method not in behaviour.methods:
        allow = ", ".join(behaviour.methods)
        reason = f"The method {method} is not allowed here; allowed are {allow}"
        return Refusal(status=405, reason=reason, headers=[(b"Allow", allow.encode())])
    if method == "GET" and has_body(request):
        return Refusal(status=403, reason="A GET request can't have a body: CloudFront refuses it")
    return None


def _forward(request: h11.Request, viewer: Viewer, behaviour: Behaviour) -> Forward:
    origin = behaviour.origin
    # The id of this one request, fresh: whatever the viewer sends under this name is not believed.
    request_id = (b"X-Amz-Cf-Id", secrets.token_urlsafe(42).encode())
    return Forward(
        name=origin.id,
        address=(origin.host, origin.port),
        target=origin.path.encode() + request.target,
        headers=[*_viewer_headers(request, behaviour), *_added_headers(request, viewer, behaviour), request_id],
        read_seconds=origin.read_seconds,
        idle_seconds=origin.keep_alive_seconds,
        response_headers=[(b"Via", VIA), request_id],
    )


def _viewer_headers(request: h11.Request, behaviour: Behaviour) -> list[Header]:
    """What of the viewer's headers the origin request policy lets through."""
    replaced = {name.lower().encode() for name, _ in behaviour.origin.headers}
    dropped = REMOVED | replaced | (frozenset() if behaviour.keeps_host else {b"host"})
    return [
        (raw, value)
        for raw, value in end_to_end(request)
        if raw.lower() not in dropped and not raw.lower().startswith(b"x-edge-")
    ]


def _added_headers(request: h11.Request, viewer: Viewer, behaviour: Behaviour) -> list[Header]:
    origin = behaviour.origin
    sent = dict(request.headers)
    added = [(name.encode(), value.encode()) for name, value in origin.headers]
    if not behaviour.keeps_host or b"host" not in sent:
        added.append((b"Host", f"{origin.host}:{origin.port}".encode()))
    added.append((b"X-Forwarded-For", forwarded_for(request, viewer)))
    added.append((b"Via", VIA))
    return added


def forwarded_for(request: h11.Request, viewer: Viewer) -> bytes:
    """X-Forwarded-For with the viewer's address appended."""
    earlier = [value for name, value in request.headers if name == b"x-forwarded-for"]
    return b", ".join([*earlier, viewer.address.encode()])
