"""Identify the client of a request for log lines, and write audit lines of changes (docs/operate.md)."""

from typing import Any

from picus_api.core import logs

MAX_AGENT_LENGTH = 256
MAX_ADDRESS_LENGTH = 45
_ADDRESS_CHARACTERS = "0123456789ABCDEFabcdef:."


def client_address(forwarded_for: str | None, peer: str) -> str:
    """Return the address of the client: the last but one in X-Forwarded-For.

    CloudFront appends the address of its client, and the load balancer or API Gateway appends CloudFront's. The client
    can forge all addresses before these two. With fewer than two addresses the request did not pass both, so return
    ``peer``.
    """
    addresses = forwarded_for.rsplit(",", 2) if forwarded_for else []
    found = addresses[-2].strip(" \t") if len(addresses) > 1 else peer
    is_address = 0 < len(found) <= MAX_ADDRESS_LENGTH and not found.strip(_ADDRESS_CHARACTERS)
    return found if is_address else peer


def caller(compute: str, forwarded_for: str | None, peer: str, agent: str | None) -> dict[str, Any]:
    """Return the log fields that identify the client of a request, without its token."""
    client = client_address(forwarded_for, peer)
    return {"compute": compute, "client": client, "agent": agent[:MAX_AGENT_LENGTH] if agent else ""}


def log_change(who: dict[str, Any], action: str, **about: Any) -> None:
    """Write the audit line of a change, without values that are None.

    ``who``: the fields of ``caller`` and of the token, or of a command's user.
    """
    known = {name: value for name, value in about.items() if value is not None}
    logs.log_change({"request_id": logs.request_id.get(), "action": action, **known, **who})
