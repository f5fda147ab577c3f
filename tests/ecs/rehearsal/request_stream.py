"""A steady stream of requests to the public domain, and a record of the responses."""

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

from tests.ecs.rehearsal.rehearsed_stage import RehearsedStage

WORKERS = 3
# Between two requests of one client, because this is not a load test.
PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 60.0


@dataclass
class StreamResult:
    """The number of requests by operation and of responses by version, each failure, the slowest time in seconds."""

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
def stream(stage: RehearsedStage) -> Iterator[StreamResult]:
    """Send requests while the block runs. The result is complete after the block."""
    result, end = StreamResult(), threading.Event()
    clients = [StreamClient(stage, result) for _ in range(WORKERS)]
    threads = [threading.Thread(target=client.run_until, args=(end,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield result
    finally:
        end.set()
        for thread in threads:
            thread.join()


class StreamClient:
    """A client that repeats put, get, list, delete and version, each on a new connection."""

    def __init__(self, stage: RehearsedStage, result: StreamResult) -> None:
        self.host = urlsplit(stage.url).netloc
        self.port = stage.emulator.edge_port
        self.context = ssl.create_default_context(cafile=str(stage.emulator.certificate))
        self.result = result

    def run_until(self, end: threading.Event) -> None:
        """Send requests until `end` is set, also after failures."""
        while not end.is_set():
            created = self.send("put", "POST", "/picus/put", 201, '{"picus": "rehearsal"}')
            key = created["object_id"] if isinstance(created, dict) else "absent"
            self.send("get", "GET", f"/picus/get/{key}", 200)
            self.send("list", "GET", "/picus/list", 200)
            self.send("delete", "DELETE", f"/picus/{key}", 200)
            version = self.send("version", "GET", "/__version__", 200)
            if isinstance(version, dict):
                self.result.versions[version["commit"]] += 1

    def send(self, name: str, method: str, path: str, expected: int, body: str | None = None) -> object:
        """Send a request and return the JSON of the response, or None after noting a failure."""
        time.sleep(PAUSE_SECONDS)
        started = time.monotonic()
        try:
            status, body_or_error = self._exchange(method, path, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            status, body_or_error = 0, repr(error)
        self.result.requests[name] += 1
        self.result.slowest = max(self.result.slowest, time.monotonic() - started)
        if status == expected:
            return body_or_error
        self.result.failures.append(f"{method} {path}: {status} {body_or_error}")
        return None

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, object]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS, context=self.context)
        try:
            connection.request(method, path, body, {"Host": self.host, "Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
