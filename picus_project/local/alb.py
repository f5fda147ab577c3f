"""The load balancer's stand-in: its listener lets only requests with the secret origin header through."""

import hmac
import secrets
from collections.abc import Mapping

import h11

from picus_project.local.edge import forwarded_for
from picus_project.local.proxy import Forward, Refusal, end_to_end
from picus_project.local.viewer import Viewer

# The header that the listener's rule asks for; ecs/edge.yaml must send the same.
SECRET_HEADER = b"x-origin-secret"
# What a load balancer says about the connection itself, overriding the sender's words.
OVERRIDDEN = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"))


class LoadBalancer:
    """One listener with one rule and one target; `route` is what a Proxy asks."""

    def __init__(self, *, port: int, secret: str, target: tuple[str, int]) -> None:
        self.port = port
        self.secret = secret.encode()
        self.target = target

    def route(self, request: h11.Request, viewer: Viewer) -> Forward | Refusal:
        """The listener's rule: the target with the secret, 403 (the default action) without."""
        headers: Mapping[bytes, bytes] = dict(request.headers)
        if not hmac.compare_digest(headers.get(SECRET_HEADER, b""), self.secret):
            return Refusal(status=403, reason="The load balancer answers only what comes through the public domain")
        kept = [(raw, value) for raw, value in end_to_end(request) if raw.lower() not in OVERRIDDEN]
        added = [
            (b"X-Forwarded-For", forwarded_for(request, viewer)),
            (b"X-Forwarded-Proto", b"http"),
            (b"X-Forwarded-Port", str(self.port).encode()),
        ]
        if b"x-amzn-trace-id" not in headers:
            added.append((b"X-Amzn-Trace-Id", f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}".encode()))
        return Forward(name="service", address=self.target, target=request.target, headers=[*kept, *added])
