"""A steady stream of requests through the edge, and its receipt."""

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.rehearsal.staging import Staging

WORKERS = 3
# Between two requests of one viewer: the stream is to be steady, not a load test.
PAUSE_SECONDS = 0.03
TIMEOUT_SECONDS = 20.0


@dataclass
class Receipt:
    """What became of the requests: how many by operation, each failure, the slowest in seconds, the versions seen."""

    requests: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    versions: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        operations = ", ".join(f"{count} {name}" for name, count in sorted(self.requests.items()))
        versions = ", ".join(f"{count} by {commit[:7]}" for commit, count in self.versions.items())
        return (
            f"{self.requests.total()} requests ({operations}), {len(self.failures)} failures, "
            f"slowest {self.slowest * 1000:.0f} ms; versions: {versions}"
        )


@contextmanager
def stream(stage: Staging) -> Iterator[Receipt]:
    """Requests while the block runs. The receipt is complete when it has ended."""
    receipt, end = Receipt(), threading.Event()
    viewers = [Viewer(stage, receipt) for _ in range(WORKERS)]
    threads = [threading.Thread(target=viewer.until, args=(end,)) for viewer in viewers]
    for thread in threads:
        thread.start()
    try:
        yield receipt
    finally:
        end.set()
        for thread in threads:
            thread.join()


class Viewer:
    """One client: put, get, list, delete, version, and again. Every request on a connection of its own."""

    def __init__(self, stage: Staging, receipt: Receipt) -> None:
        self.host = urlsplit(stage.url).netloc
        self.port = stage.cloud.edge_port
        self.context = ssl.create_default_context(cafile=str(stage.cloud.certificate))
        self.receipt = receipt

    def until(self, end: threading.Event) -> None:
        """Rounds until the end; a failed request does not stop them."""
        while not end.is_set():
            created = self.ask("put", "POST", "/picus/put", 201, '{"picus": "rehearsal"}')
            key = created["object_id"] if isinstance(created, dict) else "absent"
            self.ask("get", "GET", f"/picus/get/{key}", 200)
            self.ask("list", "GET", "/picus/list", 200)
            self.ask("delete", "DELETE", f"/picus/{key}", 200)
            version = self.ask("version", "GET", "/__version__", 200)
            if isinstance(version, dict):
                self.receipt.versions[version["commit"]] += 1

    def ask(self, name: str, method: str, path: str, expected: int, body: str | None = None) -> object:
        """The JSON of an answer, None for a failure, which is noted."""
        time.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        try:
            status, answer = self._exchange(method, path, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            status, answer = 0, repr(error)
        self.receipt.requests[name] += 1
        self.receipt.slowest = max(self.receipt.slowest, time.monotonic() - started)
        if status == expected:
            return answer
        self.receipt.failures.append(f"{method} {path}: {status} {answer}")
        return None

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, object]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS, context=self.context)
        try:
            connection.request(method, path, body, {"Host": self.host, "Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
