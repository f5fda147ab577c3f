"""What one signed DynamoDB call costs over several HTTP clients, in interleaved rounds.

Usage: python bench/http_clients.py http://127.0.0.1:8000 [rounds]

The address is that of a DynamoDB-compatible server, where the table `bench_clients` is made. Beside it a TLS
server of our own always gives one answer. CPU is the calling thread's, user and system, in µs.
"""

import functools
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pycurl
import urllib3
from botocore.config import Config
from botocore.session import Session

sys.path.insert(0, str(Path(__file__).parent.parent))
from picus_api.core.pynamodb_client import TransportClient
from picus_api.core.transport import Transport, create_transport

from picus_api.core import signing

Call = Callable[[str, bytes], bytes]
TABLE = "bench_clients"
KEY = {"TableName": TABLE, "Key": {"object_id": {"S": "k1"}}}
ITEM = {"object_id": {"S": "k1"}} | {f"name{n}": {"S": "v" * 70} for n in range(10)} | {"n": {"N": "1.5"}}
BODIES = {"GetItem": KEY, "PutItem": {"TableName": TABLE, "Item": ITEM}}
SCHEMA = {
    "TableName": TABLE,
    "KeySchema": [{"AttributeName": "object_id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "object_id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TLS_SERVER = """
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
body = sys.argv[2].encode()
reply = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body)
def serve(raw):
    connection = context.wrap_socket(raw, server_side=True)
    data = b""
    while piece := connection.recv(65536):
        data += piece
        head, end, body = data.partition(b"\\r\\n\\r\\n")
        if end and len(body) == int(head.lower().partition(b"content-length: ")[2].split()[0]):
            connection.sendall(reply)
            data = b""
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
"""


@functools.lru_cache(maxsize=2)
def scope(host: str, second: int) -> signing.SigningScope:
    amz_date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
    return signing.signing_scope(signing.Secrets("bench", "bench"), "us-east-1", host, "/", amz_date)


def signed(host: str, operation: str, body: bytes) -> dict[str, str]:
    now = scope(host, int(time.time()))
    return {
        "Host": host,
        "Content-Type": signing.CONTENT_TYPE,
        "X-Amz-Date": now.amz_date,
        "X-Amz-Target": signing.TARGET_PREFIX + operation,
        "Authorization": signing.authorization(now, operation, body),
    }


def check(checksum: str | None, body: bytes) -> bytes:
    assert checksum is None or int(checksum) == zlib.crc32(body)
    return body


def over_transport(url: str) -> Call:
    return create_transport(url).call_raw


def over_http_client(url: str) -> Call:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    local = threading.local()

    def call(operation: str, body: bytes) -> bytes:
        if not hasattr(local, "connection"):
            local.connection = kind(str(parts.hostname), parts.port, timeout=3)
        local.connection.request("POST", "/", body, signed(parts.netloc, operation, body))
        answer = local.connection.getresponse()
        return check(answer.headers.get("x-amz-crc32"), answer.read())

    return call


def over_urllib3(url: str) -> Call:
    timeout = urllib3.Timeout(connect=1, read=3)
    pool = urllib3.connection_from_url(url, maxsize=16, timeout=timeout, retries=False)
    host = urlsplit(url).netloc

    def call(operation: str, body: bytes) -> bytes:
        answer = pool.urlopen("POST", "/", body, signed(host, operation, body))
        return check(answer.headers.get("x-amz-crc32"), answer.data)

    return call


def over_pycurl(url: str) -> Call:
    host = urlsplit(url).netloc
    local = threading.local()

    def handle() -> pycurl.Curl:
        curl = pycurl.Curl()
        for option, value in {
            pycurl.URL: url,
            pycurl.POST: 1,
            pycurl.NOSIGNAL: 1,
            pycurl.TIMEOUT_MS: 3000,
            pycurl.CONNECTTIMEOUT_MS: 1000,
        }.items():
            curl.setopt(option, value)
        if "SSL_CERT_FILE" in os.environ:
            curl.setopt(pycurl.CAINFO, os.environ["SSL_CERT_FILE"])
        return curl

    def call(operation: str, body: bytes) -> bytes:
        if not hasattr(local, "curl"):
            local.curl = handle()
        head: list[bytes] = []
        parts: list[bytes] = []
        headers = [f"{name}: {value}" for name, value in signed(host, operation, body).items()]
        local.curl.setopt(pycurl.HTTPHEADER, [*headers, "Expect:"])
        local.curl.setopt(pycurl.POSTFIELDS, body)
        local.curl.setopt(pycurl.HEADERFUNCTION, head.append)
        local.curl.setopt(pycurl.WRITEFUNCTION, parts.append)
        local.curl.perform()
        named = dict(line.decode().lower().strip().split(": ", 1) for line in head[1:-1])
        return check(named.get("x-amz-crc32"), b"".join(parts))

    return call


CLIENTS = {
    "hand-written (core)": over_transport,
    "http.client": over_http_client,
    "urllib3": over_urllib3,
    "pycurl": over_pycurl,
}


def cpu_per_call(
    contestants: Mapping[str, Callable[[], object]], rounds: int, calls: int = 700
) -> dict[str, list[float]]:
    """Return µs of CPU per call, one figure a round, for each; who goes first changes with every round."""
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(-1, rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            started = time.thread_time()
            for _ in range(calls):
                contestants[name]()
            if turn >= 0:  # the first round only warms up
                spent[name].append((time.thread_time() - started) / calls * 1e6)
    return spent


def throughput(call: Call, threads: int, seconds: float = 0.7) -> tuple[float, float]:
    """Return requests per second and µs of process CPU per request."""
    body = json.dumps(KEY).encode()
    counts = [0] * threads
    stop = time.perf_counter() + seconds

    def work(number: int) -> None:
        while time.perf_counter() < stop:
            call("GetItem", body)
            counts[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    started, cpu = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    total = sum(counts)
    return total / (time.perf_counter() - started), (time.process_time() - cpu) / total * 1e6


def show(title: str, spent: dict[str, list[float]]) -> None:
    print(f"\n| {title} | median µs | least | greatest |\n|---|---|---|---|")
    for name, figures in spent.items():
        print(f"| {name} | {statistics.median(figures):.0f} | {min(figures):.0f} | {max(figures):.0f} |")


def show_threads(url: str, rounds: int) -> None:
    print("\n| GetItem, threads | " + " | ".join(CLIENTS) + " |\n|---|" + "---|" * len(CLIENTS))
    for threads in (1, 4, 8):
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in CLIENTS}
        calls = {name: make(url) for name, make in CLIENTS.items()}
        for _ in range(max(3, rounds // 3)):
            for name, call in calls.items():
                figures[name].append(throughput(call, threads))
        medians = [[statistics.median(column) for column in zip(*each, strict=True)] for each in figures.values()]
        cells = [f"{rate:.0f}/s, {cpu:.0f} µs" for rate, cpu in medians]
        print(f"| {threads} | " + " | ".join(cells) + " |")


def make_table(transport: Transport) -> None:
    if TABLE not in json.loads(transport.call_raw("ListTables", {}))["TableNames"]:
        transport.call("CreateTable", SCHEMA)
    transport.call("PutItem", BODIES["PutItem"])


def with_tls(answer: bytes, rounds: int) -> None:
    """The same GetItem over TLS, from a server that does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        pem = f"{folder}/tls.pem"
        arguments = ["-nodes", "-keyout", pem, "-out", f"{pem}.crt", "-days", "2", "-subj", "/CN=localhost"]
        curve = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ]
        subprocess.run(["openssl", "req", "-x509", *curve, *arguments], check=True, capture_output=True)
        certificate = Path(f"{pem}.crt").read_text()
        Path(pem).write_text(Path(pem).read_text() + certificate)
        os.environ["AWS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = pem
        command = [sys.executable, "-c", TLS_SERVER, pem, answer.decode()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            url = f"https://127.0.0.1:{int(server.stdout.readline())}"
            body = json.dumps(KEY).encode()
            calls = {name: functools.partial(make(url), "GetItem", body) for name, make in CLIENTS.items()}
            show("GetItem over TLS 1.3, bytes to bytes", cpu_per_call(calls, rounds))
            server.terminate()


def main() -> None:
    url = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_REGION="us-east-1")
    transport = create_transport(url)
    make_table(transport)
    made = {name: make(url) for name, make in CLIENTS.items()}
    for operation, request in BODIES.items():
        body = json.dumps(request).encode()
        calls = {name: functools.partial(call, operation, body) for name, call in made.items()}
        show(f"{operation}, {len(body)} bytes, bytes to bytes", cpu_per_call(calls, rounds))
    config = Config(retries={"total_max_attempts": 3, "mode": "standard"}, parameter_validation=False)
    theirs: Any = Session().create_client("dynamodb", region_name="us-east-1", endpoint_url=url, config=config)
    clients: dict[str, Any] = {"transport": TransportClient(transport), "botocore": theirs}
    for operation, request in BODIES.items():
        whole = {name: functools.partial(client._make_api_call, operation, request) for name, client in clients.items()}
        show(f"{operation}, as PynamoDB calls it, dict to dict", cpu_per_call(whole, rounds, calls=300))
    show_threads(url, rounds)
    with_tls(transport.call_raw("GetItem", KEY), rounds)


main()
