"""One client of a soak: requests to both hosts and the function, and the rules that hold for every response."""

import json
import random
import time
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.raw_client import RawConnection, RawResponse
from tests.soak.hosts import API_KEY, STAGE
from tests.soak.model import Tally

TIMEOUT_SECONDS = 60.0
# Refusals that tell that nothing was written, and errors that leave it open (docs/api.md, Errors).
NOT_WRITTEN = {"busy", "write_conflict", "throttled"}
OPEN = {"outcome_unknown", "unavailable", "idempotency_key_in_use"}


class Host(NamedTuple):
    """A server to send requests to. No response from a ``steady`` one is a fault of the product."""

    url: str
    steady: bool


class Call(NamedTuple):
    """A request of some kind, for the count, and the statuses that are right, such as "200 404"."""

    kind: str
    method: str
    target: str
    expect: str
    body: bytes = b""


class Reply(NamedTuple):
    """The outcome of a request: the status (0 without a response) and the JSON."""

    status: int
    response: RawResponse | None = None
    body: Any = None

    @property
    def unknown(self) -> bool:
        """Return True if the request may or may not have been carried out."""
        return self.status == 0 or (self.status >= 409 and self.code in OPEN) or self.status in (500, 502, 504)

    @property
    def failed(self) -> bool:
        """Return True for a response that faults of DynamoDB excuse."""
        return self.status in (409, 503) and self.code in NOT_WRITTEN | OPEN

    @property
    def code(self) -> str:
        return str(self.body.get("code")) if isinstance(self.body, dict) else ""

    @property
    def etag(self) -> str:
        """Return the ETag of the item; empty if the response has none."""
        return (self.response and self.response.header("ETag")) or ""


class Sender:
    """Sends requests over kept connections, and checks what holds for every response."""

    def __init__(self, hosts: Iterable[Host], function: Host, tally: Tally, seed: int) -> None:
        self.random = random.Random(seed)
        self.tally = tally
        self.hosts, self.function = list(hosts), function
        self._connections: dict[str, RawConnection] = {}

    def send(self, call: Call, **headers: str) -> Reply:
        """Send a request to either host. Underscores in header names become hyphens."""
        return self._send(self.random.choice(self.hosts), call, headers)

    def item(self, kind: str, method: str, key: str, document: Any, expect: str, **headers: str) -> Reply:
        """Send a document to the item with this key."""
        target = f"/picus/put/{quote(key, safe='')}"
        return self.send(Call(kind, method, target, expect, json.dumps(document).encode()), **headers)

    def get(self, key: str, expect: str, **headers: str) -> Reply:
        """Get the item with this key."""
        return self.send(Call("get", "GET", f"/picus/get/{quote(key, safe='')}", expect), **headers)

    def delete(self, key: str, expect: str, **headers: str) -> Reply:
        """Delete an item through the function."""
        call = Call("delete", "DELETE", f"/{STAGE}/picus/{quote(key, safe='')}", expect)
        return self._send(self.function, call, {"x-api-key": API_KEY, **headers})

    def close(self) -> None:
        """Close the connections. The next request opens a new one."""
        for connection in self._connections.values():
            connection.sock.close()
        self._connections.clear()

    def wrong(self, text: str) -> None:
        """Note a response that contradicts the contract."""
        self.tally.wrong.append(f"{time.strftime('%H:%M:%S')} {text}")

    def _send(self, host: Host, call: Call, headers: dict[str, str]) -> Reply:
        lines = [f"{call.method} {call.target} HTTP/1.1", f"Host: {host.url.removeprefix('http://')}"]
        if call.body:
            headers = {"Content_Type": "application/json", "Content_Length": str(len(call.body)), **headers}
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        response = self._exchange(host, "\r\n".join(lines).encode() + b"\r\n\r\n" + call.body)
        whole = response is not None and response.complete
        self.tally.count(call.kind, str(response.status) if response and whole else "none")
        if response is None or not whole:
            # A list that DynamoDB fails in the middle of is cut, so that no client takes it for a whole one.
            if host.steady and (response is None or call.kind != "list"):
                self.wrong(f"{call.method} {call.target}: no whole response")
            return Reply(0)
        reply = Reply(response.status, response, _parsed(response))
        self._check(call, reply)
        return reply

    def _exchange(self, host: Host, data: bytes) -> RawResponse | None:
        """Return the response, or None if the connection ends before its head. Connects again after that."""
        try:
            connection = self._connections.get(host.url)
            if connection is None:
                connection = self._connections[host.url] = RawConnection(host.url, TIMEOUT_SECONDS)
            connection.send(data)
            response = connection.read_response()
        except (OSError, AssertionError):
            response = None
        kept = response and response.complete and (response.header("Connection") or "").lower() != "close"
        if not kept and (ended := self._connections.pop(host.url, None)):
            ended.sock.close()
        return response

    def _check(self, call: Call, reply: Reply) -> None:
        """Note a status that is neither expected nor an outage's, and an error body that breaks the contract."""
        response, request = reply.response, f"{call.method} {call.target}"
        assert response
        if not reply.failed and str(reply.status) not in call.expect.split():
            self.wrong(f"{request}: {reply.status} instead of {call.expect}: {response.body[:300]!r}")
        if reply.status >= 400:
            fine = isinstance(reply.body, dict) and isinstance(reply.body.get("error"), str)
            if not fine or (reply.code in NOT_WRITTEN and response.header("Retry-After") is None):
                self.wrong(f"{request}: {reply.status} with {response.headers} {response.body[:300]!r}")


def _parsed(response: RawResponse) -> Any:
    """Return the JSON of a body, a list of its lines for NDJSON, or None if it is not JSON."""
    media_type = (response.header("Content-Type") or "").partition(";")[0]
    try:
        if media_type == "application/x-ndjson":
            return [json.loads(line) for line in response.body.splitlines()]
        return json.loads(response.body)
    except ValueError:
        return None
