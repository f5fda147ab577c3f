"""The Application Load Balancer's stand-in: its listener rule forwards only requests with the secret origin header."""

import hmac
import secrets

import h11

from picus_project.local.connections import AcceptedConnection
from picus_project.local.proxy import Forward, Respond, end_to_end_headers, forwarded_for

# The header of the listener rule; ecs/edge.yaml must send the same.
SECRET_HEADER = b"x-origin-secret"
# A load balancer replaces the sender's values of these.
REPLACED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"))


class LoadBalancer:
    """One listener with one rule and one target."""

    def __init__(self, *, port: int, secret: str, target: tuple[str, int]) -> None:
        self.port = port
        self.secret = secret.encode()
        self.target = target

    def route(self, request: h11.Request, client: AcceptedConnection) -> Forward | Respond:
        """Forward to the target with the right secret; without, reject with 403, the default action."""
        headers = dict(request.headers)
        if not hmac.compare_digest(headers.get(SECRET_HEADER, b""), self.secret):
            return Respond(status=403, reason="The load balancer accepts only requests through the public domain")
        kept = [(raw, value) for raw, value in end_to_end_headers(request) if raw.lower() not in REPLACED]
        added = [
            (b"X-Forwarded-For", forwarded_for(request, client)),
            (b"X-Forwarded-Proto", b"http"),
            (b"X-Forwarded-Port", str(self.port).encode()),
        ]
        if b"x-amzn-trace-id" not in headers:
            added.append((b"X-Amzn-Trace-Id", f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}".encode()))
        return Forward(name="service", address=self.target, target=request.target, headers=[*kept, *added])
