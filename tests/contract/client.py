"""The HTTP client of the contract suite: the standard library alone."""

import http.client
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from tests.contract.exact import Json, Response
from tests.raw_client import TIMEOUT_SECONDS, RawConnection

JSON_TYPE = {"Content-Type": "application/json"}


def _response(raw: http.client.HTTPResponse, request: str, started: float) -> Response:
    body = raw.read()
    return Response(request, raw.status, raw.getheaders(), body, time.monotonic() - started)


@dataclass
class Client:
    """A client of one base URL. It remembers every item that a response said it created.

    With a ``token`` every request has it, unless the test sends another Authorization field.
    """

    base_url: str
    token: str = ""
    created: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Return the value of `Host`."""
        return urlsplit(self.base_url).netloc

    @property
    def credentials(self) -> dict[str, str]:
        """Return the header field of the token, if there is one."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def secure(self) -> bool:
        """Return True if the base URL is https."""
        return urlsplit(self.base_url).scheme == "https"

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """Open a connection for several requests in a row."""
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        with closing(kind(self.host, timeout=TIMEOUT_SECONDS)) as connection:
            yield connection

    def send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request with these headers only (and Host, Content-Length), and return its response."""
        started = time.monotonic()
        given = headers or {}
        content = body.encode() if isinstance(body, str) else body
        skip_host = any(name.lower() == "host" for name in given)
        connection.putrequest(method, target, skip_host=skip_host, skip_accept_encoding=True)
        for name, value in {**self.credentials, **given}.items():
            connection.putheader(name, value)
        if content is not None:
            connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content)
        return self._remember(_response(connection.getresponse(), f"{method} {target[:200]}", started))

    def request(
        self,
        method: str,
        target: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one request on a new connection. `target` is sent as it is."""
        with self.connection() as connection:
            return self.send(connection, method, target, body, headers)

    def get(self, key: str, suffix: str = "", **headers: str) -> Response:
        """Get the item `key`, percent-encoded here; underscores in header names become hyphens."""
        return self.request("GET", f"/picus/get/{quote(key, safe='')}{suffix}", headers=_names(headers))

    def delete(self, key: str, suffix: str = "", **headers: str) -> Response:
        """Delete the item `key`, percent-encoded here."""
        return self.request("DELETE", f"/picus/{quote(key, safe='')}{suffix}", headers=_names(headers))

    def put(self, body: bytes | str, suffix: str = "", **headers: str) -> Response:
        """Post a body as application/json unless told otherwise."""
        return self.request("POST", f"/picus/put{suffix}", body, JSON_TYPE | _names(headers))

    def replace(self, key: str, body: bytes | str, suffix: str = "", **headers: str) -> Response:
        """Put a body under a key that the test chooses."""
        target = f"/picus/put/{quote(key, safe='')}{suffix}"
        return self.request("PUT", target, body, JSON_TYPE | _names(headers))

    def patch(self, key: str, body: bytes | str, suffix: str = "", **headers: str) -> Response:
        """Merge a patch into the item `key`."""
        target = f"/picus/put/{quote(key, safe='')}{suffix}"
        return self.request("PATCH", target, body, {"Content-Type": "application/merge-patch+json"} | _names(headers))

    def listed(self) -> dict[str, dict[str, Json]]:
        """Return all items of the table by key. Fail if an item is listed twice."""
        response = self.request("GET", "/picus/list")
        items = response.json
        assert response.status == 200, response
        assert isinstance(items, list), response
        by_key: dict[str, dict[str, Json]] = {}
        for item in items:
            assert isinstance(item, dict), item
            key = item["object_id"]
            assert isinstance(key, str), item
            assert key not in by_key, f"{key} is listed twice"
            by_key[key] = item
        return by_key

    def store(self, body: bytes | str) -> str:
        """Store an item, which must be accepted, and return its key."""
        response = self.put(body)
        assert response.status == 201, response
        key = response.object["object_id"]
        assert isinstance(key, str)
        return key

    def fetch(self, key: str) -> dict[str, Json]:
        """Return an item, which must exist, without its `object_id`, which must be the key."""
        response = self.get(key)
        assert response.status == 200, response
        item = response.object
        assert item.pop("object_id") == key
        return item

    def head_of(self, method: str, target: str, *fields: str) -> bytes:
        """Return the head of a request for `exchange`, with any fields, legal or not."""
        token = [f"{name}: {value}" for name, value in self.credentials.items()]
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", *token, *fields]
        return "\r\n".join([*lines, "", ""]).encode()

    def exchange(self, pieces: Iterable[bytes], *, half_close: bool = False) -> Response:
        """Send raw bytes until all are sent or a response arrives, then return the response, as curl does."""
        started = time.monotonic()
        with RawConnection(self.base_url) as connection:
            connection.send_until_response(pieces)
            if half_close:
                connection.close_sending()
            raw = http.client.HTTPResponse(connection.sock)
            raw.begin()
            return self._remember(_response(raw, "raw bytes", started))

    def _remember(self, response: Response) -> Response:
        location = response.header("Location")
        if response.status == 201 and location:
            self.created.append(unquote(location.rpartition("/")[2]))
        return response

    def clean_up(self) -> None:
        """Delete all created items that still exist."""
        with ThreadPoolExecutor(8) as pool:
            left = [response for response in pool.map(self.delete, self.created) if response.status not in (200, 404)]
        self.created.clear()
        assert not left, f"left behind: {left}"


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
