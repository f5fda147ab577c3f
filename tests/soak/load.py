"""The mixed load of a soak: what each client does, and what it must see."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.soak.client import Call, Reply, Sender
from tests.soak.model import Document, State, Tracked

ITEMS = 25
"""How many items a client keeps: it deletes the more readily the more it has."""
PADDING = 1500
COUNTERS = ("counter-a", "counter-b")
"""Items that all clients count up on the condition of their ETag."""
SHARED = "shared"
"""An item that all clients patch, each its own attribute."""


@dataclass
class Counted:
    """Increments of the counters that were acknowledged, and those whose outcome is unknown."""

    sure: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))
    unsure: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, key: str, sure: bool) -> None:
        """Count one increment of the counter, as sure or with an unknown outcome."""
        with self.lock:
            (self.sure if sure else self.unsure)[key] += 1


class Client:
    """Changes its own items, one request at a time, and knows what each must be."""

    def __init__(self, name: str, sender: Sender, counted: Counted) -> None:
        self.name = name
        self.sender = sender
        self.tally = sender.tally
        self.items: dict[str, Tracked] = {}
        self.born: dict[int, str] = {}
        """The key of each document that was stored under a new key, by the document's number."""
        self.refused: dict[int, str] = {}
        """How a document was refused, by its number."""
        self.orphans: dict[int, Document] = {}
        """Documents that may have been stored, under a key that no response told."""
        self._counted = counted
        self._attribute = Tracked(f"{SHARED}/{name}", [State(None)])
        self._number = 0
        self._actions: list[tuple[Callable[[], None], int]] = [
            (self.get, 22),
            (self.create, 10),
            (self.create_once, 8),
            (self.create_chosen, 4),
            (self.create_many, 1),
            (self.replace, 16),
            (self.patch, 12),
            (self.delete, 32),
            (self.patch_shared, 6),
            (self.count, 8),
            (self.walk_list, 2),
        ]

    def run(self, interval: float, until: float) -> None:
        """Act once in so many seconds until a time of time.monotonic()."""
        actions, weights = zip(*self._actions, strict=True)
        due = time.monotonic() + self.sender.random.random() * interval
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            self.sender.random.choices(actions, weights)[0]()
            due = max(due + interval, time.monotonic())

    # Items under new keys

    def create(self) -> None:
        document = self._document()
        self._born(self.sender.send(_post("post", "201", document)), document)

    def create_once(self) -> None:
        """Send one document with an Idempotency-Key until it is acknowledged, and at times once more."""
        document, key, unsure = self._document(), f'"{uuid.uuid4()}"', False
        for _ in range(8):
            reply = self.sender.send(_post("post once", "201", document), Idempotency_Key=key)
            if reply.status == 201:
                self._born(reply, document)
                self._repeat(document, key, reply)
                return
            unsure |= reply.unknown
            time.sleep(0.3)
        if unsure:
            self.orphans[document["born"]] = document

    def _repeat(self, document: Document, key: str, first: Reply) -> None:
        chance = self.sender.random.random()
        if chance < 0.4:
            again = self.sender.send(_post("post again", "201", document), Idempotency_Key=key)
            if again.status == 201 and (again.body, again.etag) != (first.body, first.etag):
                self.tally.twice.append(f"Idempotency-Key {key}: {first.body}, then {again.body}")
        elif chance < 0.5:
            self.sender.send(_post("post other", "422", document | {"other": True}), Idempotency_Key=key)

    def create_chosen(self) -> None:
        """Create an item under a chosen key, which must not exist, and at times once more in vain."""
        document = self._document()
        key = f"{self.name}/é {document['born']}"
        reply = self.sender.item("put new", "PUT", key, document, "201", If_None_Match="*")
        if reply.status == 201:
            self._store(key, document, reply.etag)
            if self.sender.random.random() < 0.3:
                self.sender.item("put new", "PUT", key, document, "412", If_None_Match="*")
        elif reply.unknown:
            self._store(key, document, None)
            self.items[key].doubt(None)

    def create_many(self) -> None:
        """Send NDJSON. Its response tells for each line whether it was written."""
        documents = [self._document() for _ in range(self.sender.random.randint(2, 12))]
        reply = self.sender.send(_post("ndjson", "200", *documents), Content_Type="application/x-ndjson")
        lines: list[Any] = reply.body if reply.status == 200 and reply.body is not None else []
        if lines and len(lines) != len(documents):
            self.sender.wrong(f"{len(lines)} lines of NDJSON for {len(documents)}")
        if reply.unknown or (reply.status == 200 and not lines):
            self.orphans |= {document["born"]: document for document in documents}
        for document, line in zip(documents, lines, strict=False):
            if "object_id" in line:
                self._store(line["object_id"], document, None)
            if line.get("code") == "outcome_unknown":
                self.items[line["object_id"]].doubt(None)
            elif "code" in line:
                self.refused[document["born"]] = f"{time.strftime('%H:%M:%S')} NDJSON {line['code']}"

    def _born(self, reply: Reply, document: Document) -> None:
        if reply.status == 201:
            self._store(reply.body["object_id"], document, reply.etag)
        elif reply.unknown:
            self.orphans[document["born"]] = document
        else:
            self.refused[document["born"]] = f"{time.strftime('%H:%M:%S')} POST {reply.status} {reply.code}"

    def _store(self, key: str, document: Document, etag: str | None) -> None:
        self.items[key] = Tracked(key, [State(document, etag)])
        self.born[document["born"]] = key

    # Items that exist

    def get(self) -> None:
        item = self._pick()
        if item is None:
            return
        known = item.known
        if known and known.etag and known.document is not None and self.sender.random.random() < 0.2:
            self.sender.get(item.key, "304", If_None_Match=known.etag)
            return
        self.look(item)

    def look(self, item: Tracked) -> None:
        """Get the item and compare. An item that is not as acknowledged is a lost write."""
        reply = self.sender.get(item.key, "200 404")
        if reply.status not in (200, 404):
            return
        document = without_key(reply.body) if reply.status == 200 else None
        if not item.observe(document, reply.etag or None):
            self.lost(item)
        if document is None:
            self.items.pop(item.key, None)

    def lost(self, item: Tracked) -> None:
        """Note an item that is not as the responses said."""
        self.tally.lost.append(f"{item.key}: {'; '.join(item.history)}")

    def replace(self) -> None:
        item = self._pick()
        if item is None:
            return
        document, known, headers, expect = self._document(), item.known, {}, "200"
        if known and known.etag and self.sender.random.random() < 0.7:
            stale = self.sender.random.random() < 0.2
            headers = {"If_Match": '"0123456789abcdef"' if stale else known.etag}
            expect = "412" if stale else "200"
        reply = self.sender.item("put", "PUT", item.key, document, expect, **headers)
        if reply.status == 200:
            item.acknowledge(State(document, reply.etag))
        elif reply.unknown:
            item.doubt(document)

    def patch(self) -> None:
        item = self._pick()
        if item is None or item.known is None or item.known.document is None:
            return
        self._number += 1
        changes: Document = {"patched": self._number, "nested": {"deep": self._number}, "text": None}
        merged = {name: value for name, value in item.known.document.items() if name != "text"}
        merged |= {"patched": self._number, "nested": merged["nested"] | changes["nested"]}
        headers = {"If_Match": item.known.etag} if item.known.etag and self.sender.random.random() < 0.5 else {}
        reply = self.sender.item("patch", "PATCH", item.key, changes, "200", **headers)
        if reply.status == 200:
            if without_key(reply.body) != merged:
                self.sender.wrong(f"PATCH {item.key}: {reply.body} instead of {merged}")
            item.acknowledge(State(merged, reply.etag))
        elif reply.unknown:
            item.doubt(merged)

    def delete(self) -> None:
        """Delete an item, sometimes on the condition of its ETag, sometimes twice."""
        if self.sender.random.random() > len(self.items) / ITEMS:
            return
        item = self._pick()
        if item is None:
            return
        known = item.known
        if known is None:
            self.look(item)
            return
        with_etag = bool(known.etag) and self.sender.random.random() < 0.6
        reply = self.sender.delete(item.key, "200", **({"If_Match": known.etag or ""} if with_etag else {}))
        if reply.status == 200:
            del self.items[item.key]
            if self.sender.random.random() < 0.2:
                # 200 if the response to the first attempt was lost: docs/consistency.md.
                self.sender.delete(item.key, "404 200")
        elif reply.unknown:
            item.doubt(None)

    # Items of all clients

    def patch_shared(self) -> None:
        """Patch an attribute of an item that all clients patch: no other client's patch may undo it."""
        if not self._attribute.settled:
            return
        self._number += 1
        value: Document = {"value": self._number}
        reply = self.sender.item("patch shared", "PATCH", SHARED, {self.name: value}, "200")
        if reply.status == 200:
            self._attribute.acknowledge(State(reply.body.get(self.name)))
            if reply.body.get(self.name) != value:
                self.sender.wrong(f"PATCH {SHARED}: {reply.body.get(self.name)} instead of {value}")
        elif reply.unknown:
            self._attribute.doubt(value)
        if self.sender.random.random() < 0.3:
            self.look_at_shared()

    def look_at_shared(self) -> None:
        """Get the shared item and compare this client's attribute."""
        reply = self.sender.get(SHARED, "200")
        if reply.status == 200 and not self._attribute.observe(reply.body.get(self.name), None):
            self.lost(self._attribute)

    def count(self) -> None:
        """Count up on the condition of the ETag: each acknowledged increment must be in the value."""
        key = self.sender.random.choice(COUNTERS)
        seen = self.sender.get(key, "200")
        if seen.status != 200:
            return
        document = {"value": seen.body["value"] + 1, "by": self.name}
        reply = self.sender.item("count", "PUT", key, document, "200 412", If_Match=seen.etag)
        if reply.status == 200 or reply.unknown:
            self._counted.add(key, sure=reply.status == 200)

    def walk_list(self) -> None:
        """Read the whole table, at once or in pages."""
        target = "/picus/list" if self.sender.random.random() < 0.4 else "/picus/list?limit=60"
        settled, found = self.settled_keys(), list[Document]()
        while target:
            reply = self.sender.send(Call("list", "GET", target, "200"))
            if reply.status != 200 or reply.response is None or not reply.response.complete:
                return  # an outage in the middle cuts the response
            if not isinstance(reply.body, list):
                self.sender.wrong(f"GET {target}: complete, and not a JSON array")
                return
            found += reply.body
            target = _next(reply)
        self.check_list(found, settled)

    def settled_keys(self) -> set[str]:
        """Return the keys of the items that no request in flight can still change."""
        return {key for key, item in self.items.items() if item.settled}

    def check_list(self, found: Iterable[Document], settled: set[str]) -> None:
        """Compare a whole list with the items that were settled before it. Adopt what this client may have stored."""
        listed: dict[str, Document] = {}
        for item in found:
            if item["object_id"] in listed:
                self.sender.wrong(f"{item['object_id']} is listed twice")
            listed[item["object_id"]] = item
        for key, item in listed.items():
            if item.get("owner") == self.name and key not in self.items:
                self._adopt(key, without_key(item))
        for key in settled:
            document = without_key(listed[key]) if key in listed else None
            if not self.items[key].observe(document, None):
                self.lost(self.items[key])
            if document is None:
                del self.items[key]

    def _adopt(self, key: str, document: Document) -> None:
        """Take over an item that a request without a response stored. It must have done so once."""
        number = document["born"]
        if self.born.get(number, key) != key:
            self.tally.twice.append(f"{key} and {self.born[number]}: {document}")
        elif document != self.orphans.pop(number, None):
            told = self.refused.get(number, f"{self.born.get(number)} was its key")
            self.sender.wrong(f"{key} is stored, document {number} of {self.name}: {told}")
        self._store(key, document, None)

    def _pick(self) -> Tracked | None:
        """Return one of the client's items, if one is settled. Look at it first if its state is open."""
        settled = [item for item in self.items.values() if item.settled]
        if not settled:
            return None
        item = self.sender.random.choice(settled)
        if item.known is None:
            self.look(item)
        return item if item.key in self.items and item.known else None

    def _document(self) -> Document:
        self._number += 1
        return {
            "owner": self.name,
            "born": self._number,
            "exact": 10**37 + self._number,
            "nested": {"deep": self._number, "list": [True, None, "é", self._number / 4]},
            "text": "x" * self.sender.random.randint(0, PADDING),
        }


def without_key(item: Document) -> Document:
    """Return an item of a response without its key."""
    return {name: value for name, value in item.items() if name != "object_id"}


def _post(kind: str, expect: str, *documents: Document) -> Call:
    return Call(kind, "POST", "/picus/put", expect, "\n".join(map(json.dumps, documents)).encode())


def _next(reply: Reply) -> str:
    """Return the target of the next page, or nothing."""
    link = (reply.response and reply.response.header("Link")) or ""
    return link.partition(">")[0].removeprefix("<") if 'rel="next"' in link else ""
