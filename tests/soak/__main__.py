"""``make soak SECONDS=600``: a mixed load with faults, every response compared with a model.

Two hosts of the service and the delete function use one table through a proxy that makes DynamoDB slow, failing or
silent. The worker of the first host is killed, and its server stopped and started, again and again. The second host
serves throughout: it must respond to each request, and its memory must not grow. The exit status is 1 if a response is
wrong, an acknowledged write is lost, a write is carried out twice, or memory grows by more than 2 MB an hour.
"""

import argparse
import json
import math
import os
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak.client import Call, Host, Sender
from tests.soak.faults import KILL, RESTART, SoakProxy, inject
from tests.soak.hosts import TABLE, MemorySamples, Service, create_tables, dynamodb, function, services
from tests.soak.load import COUNTERS, SHARED, Client, Counted
from tests.soak.model import SETTLE_SECONDS, Slope, Tally, slope

CLIENTS = 6
WARM_ITEMS, WARM_CLIENTS = 500, 16
RECOVERY_SECONDS = 30.0
WARM_UP = 0.4
"""Share of the run after which memory counts."""
JUDGED_SECONDS = 240.0
"""The slope of a shorter time is printed, and not judged: one megabyte would be 15 MB an hour."""
MOST_MB_PER_HOUR = 2.0
LEAST_SERVED = 0.6
"""Share of requests that must succeed: a service that only refuses would break no other rule."""


def main() -> None:
    options = _options()
    with TemporaryDirectory() as folder, dynamodb() as upstream, SoakProxy(upstream, options.seed) as proxy:
        create_tables(upstream)
        where = {"DYNAMODB_ENDPOINT_URL": proxy.url, "DYNAMODB_TABLE_NAME": TABLE}
        with services(Path(folder), proxy.url) as hosts, function(Path(folder) / "function.log", **where) as delete:
            soak = Soak(options, proxy, hosts, delete)
            soak.run()
            passed = soak.report()
        crashes = _tracebacks(Path(folder))
    sys.exit(0 if passed and not crashes else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Load Picus, with faults, and check it.")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--rate", type=float, default=60, help="actions a second, most of one request; default 60")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the load; default: a random one")
    return parser.parse_args()


class Soak:
    """A run of the soak test: its servers, its load and its findings."""

    def __init__(
        self, options: argparse.Namespace, proxy: SoakProxy, hosts: list[Service], delete: tuple[str, int]
    ) -> None:
        self._seconds, self._rate, self._seed = options.seconds, options.rate, options.seed
        self._proxy, self._first = proxy, hosts[0]
        self._tally, self._counted, self._events = Tally(), Counted(), Counter[str]()
        targets = [Host(hosts[0].url, steady=False), Host(hosts[1].url, steady=True)]
        gateway = Host(delete[0], steady=True)
        self._senders = [Sender(targets, gateway, self._tally, self._seed + number) for number in range(CLIENTS)]
        self._checker = Sender(targets[1:], gateway, self._tally, self._seed)
        self._clients = [Client(f"c{number}", each, self._counted) for number, each in enumerate(self._senders)]
        self._memory = MemorySamples(service=hosts[1].worker, function=delete[1])

    def run(self) -> None:
        """Load and inject faults, then compare the whole table with what the responses said."""
        os.nice(5)
        # The service sends a PUT again whose response from DynamoDB was lost. It then replaces its own item: 200.
        for key in COUNTERS:
            self._checker.item("setup", "PUT", key, {"value": 0}, "200 201")
        self._checker.item("setup", "PUT", SHARED, {}, "200 201")
        self._warm_up()
        started = time.monotonic()
        until, stopping = started + self._seconds, threading.Event()
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            interval = CLIENTS / self._rate
            work = [pool.submit(client.run, interval, until) for client in self._clients]
            work.append(pool.submit(inject, self._proxy, self._act, until, stopping))
            try:
                self._sample(work, started)
            finally:
                stopping.set()
            for each in work:
                each.result()
        self._check_table()
        for sender in [*self._senders, self._checker]:
            sender.close()

    def _warm_up(self) -> None:
        """Let every thread of the second host read a larger table than later: its memory grows to that once."""
        lines = b"\n".join(json.dumps({"warm": number, "text": "x" * 1000}).encode() for number in range(WARM_ITEMS))
        self._checker.send(Call("setup", "POST", "/picus/put", "200", lines), Content_Type="application/x-ndjson")
        with ThreadPoolExecutor(WARM_CLIENTS) as pool:
            senders = [Sender(self._checker.hosts, self._checker.function, self._tally, 0) for _ in range(WARM_CLIENTS)]
            list(
                pool.map(
                    lambda sender: [sender.send(Call("setup", "GET", "/picus/list", "200")) for _ in range(25)], senders
                )
            )
            table = self._checker.send(Call("setup", "GET", "/picus/list", "200"))
            warm = [item["object_id"] for item in table.body if "warm" in item]
            list(pool.map(lambda sender, key: sender.delete(key, "200"), cycle(senders), warm))
        for sender in senders:
            sender.close()

    def _act(self, action: str) -> None:
        self._events[f"DynamoDB {self._proxy.mode}"] += 1
        if action:
            self._events[action] += 1
        if action == KILL:
            self._first.kill_worker()
        elif action == RESTART:
            self._first.restart()

    def _sample(self, work: "list[Future[None]]", started: float) -> None:
        """Take a sample of the memory each second until all work is done or some of it fails."""
        ended = False
        while not ended:
            done, left = wait(work, timeout=1, return_when="FIRST_EXCEPTION")
            ended = not left or any(each.exception() for each in done)
            if time.monotonic() - started > self._seconds * WARM_UP:
                self._memory.take()

    def _check_table(self) -> None:
        """Compare the table with the model, when everything has settled."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        time.sleep(SETTLE_SECONDS)
        self._checker.close()  # the server has closed its connection, which was unused for longer than keepalive
        while (table := self._checker.send(Call("list", "GET", "/picus/list", "200"))).status != 200:
            if time.monotonic() > deadline:
                self._checker.wrong(f"no list within {RECOVERY_SECONDS} s of the last fault")
                return
            time.sleep(1)
        for client in self._clients:
            client.check_list(table.body, client.settled_keys())
            client.look_at_shared()
        values = {item["object_id"]: item.get("value") for item in table.body}
        for key in COUNTERS:
            sure, unsure, value = self._counted.sure[key], self._counted.unsure[key], values[key]
            if value < sure:
                self._tally.lost.append(f"{key} is {value} after {sure} increments")
            if value > sure + unsure:
                self._tally.twice.append(f"{key} is {value} after {sure} increments and {unsure} unknown ones")

    def report(self) -> bool:
        """Print the figures. Return True if all targets are met."""
        tally, slopes = self._tally, {name: slope(samples) for name, samples in self._memory.samples.items()}
        print(f"soak of {self._seconds:.0f} s, seed {self._seed}")
        for kind in sorted({kind for kind, _ in tally.responses}):
            statuses = {status: count for (each, status), count in sorted(tally.responses.items()) if each == kind}
            print(f"    {kind:14}" + "  ".join(f"{status}: {count:,}" for status, count in statuses.items()))
        print(f"    {', '.join(f'{what}: {count}' for what, count in sorted(self._events.items()))}")
        for name, each in slopes.items():
            print(f"    memory of the {name}: {_text(each)}")
        served = tally.share("2", "3", "404", "412", "422")
        passed = served >= LEAST_SERVED and _fine(slopes["service"])
        print(f"requests {tally.requests:,}, served {served:.1%}")
        for what, found in (
            ("wrong responses", tally.wrong),
            ("acknowledged writes lost", tally.lost),
            ("written twice", tally.twice),
        ):
            print(f"{what} {len(found)}")
            for line in found[:10]:
                print(f"    {line}")
            passed = passed and not found
        print(f"memory slope {_text(slopes['service'])}")
        print("passed" if passed else "FAILED")
        return passed


def _text(found: Slope) -> str:
    if math.isnan(found.per_hour):
        return f"not known: {found.seconds:.0f} s are too short; {found.start:.1f} MB at the start"
    return f"{found.per_hour:+.1f} ± {found.error:.1f} MB/h over {found.seconds:.0f} s, from {found.start:.1f} MB"


def _fine(found: Slope) -> bool:
    return found.seconds < JUDGED_SECONDS or found.per_hour < MOST_MB_PER_HOUR


def _tracebacks(folder: Path) -> bool:
    """Print the beginning of each log that has a traceback. Return True if there is one."""
    logs = [log for log in folder.glob("*.log") if "Traceback" in log.read_text()]
    for log in logs:
        print(f"{log.name} has a traceback:")
        print(log.read_text()[:4000])
    return bool(logs)


if __name__ == "__main__":
    main()
