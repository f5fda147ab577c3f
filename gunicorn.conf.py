"""Settings of gunicorn, the same on a laptop and on Fargate.

Environment variables:
    PORT             default 8000
    BIND_HOST        IPv4 or IPv6 address, or host name; default 127.0.0.1; the container sets 0.0.0.0
    WEB_CONCURRENCY  worker processes; default 1
    WEB_THREADS      threads a worker; default 12
    WEB_PIN_WORKERS  true: keep each worker on one core (Linux); default false
    BUSY_SECONDS, MIN_BYTES_PER_SECOND   bounds on clients: picus_project/server/limits.py

The defaults come from bench/RESULTS.md, "Threads and workers". One worker uses a whole vCPU; a second worker on it only
costs memory. With some milliseconds of DynamoDB latency, 12 threads keep the vCPU busy; without latency they cost
little. Give a task with two vCPUs two workers. A pinned worker uses at most one core. WEB_PIN_WORKERS is for a task or
machine without other busy processes: the kernel can't move a pinned worker to an idle core.
"""

import gc
import os
import select
import sys
from pathlib import Path
from typing import Any

from picus_api.core import environment, logs

try:
    bind = environment.bind_address("BIND_HOST", "PORT")
    # Not from the machine's CPU count, which on Fargate is the host's.
    workers = environment.integer("WEB_CONCURRENCY", 1, 1, 64)
    # A thread waits for DynamoDB most of the time.
    threads = environment.integer("WEB_THREADS", 12, 1, 256)
    _pin_workers = environment.flag("WEB_PIN_WORKERS")
    from picus_project.server import cores, limits

    logconfig_dict = logs.configuration(os.environ.get("LOG_FORMAT", ""), os.environ.get("LOG_LEVEL") or "INFO")
except environment.SettingError as error:
    sys.exit(f"picus: {error}")

# Before the first log line, because that starts a thread.
limits.return_freed_memory()

# macOS has no epoll: there gunicorn's own threads serve, with the same settings and the same rules for requests.
worker_class = (
    "picus_project.server.worker.EpollWorker"
    if hasattr(select, "epoll")
    else "picus_project.server.portable_worker.PortableWorker"
)
# Load the application before the fork: a wrong setting then ends the server with one line. Otherwise gunicorn would
# restart its workers again and again.
preload_app = True
# Longer than the load balancer's idle timeout (60 s), or it sends requests into closing connections.
keepalive = 75
# Longer than the target group's deregistration delay, shorter than the task's stopTimeout.
graceful_timeout = 60
timeout = 60
# Heartbeat files on memory: a slow disk must not look like a hung worker.
_MEMORY = Path("/dev/shm")  # noqa: S108 only gunicorn's own files
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else None
control_socket_disable = True
# CloudFront forwards more and larger fields than gunicorn's defaults allow. picus_project/server/request.py limits the
# request line, which gunicorn can't limit to more than 8,190 bytes, and the whole head.
limit_request_fields = 1000
limit_request_field_size = 65536
# No proxy in front sets the fields of the next two settings, and Django reads X-Forwarded-Proto itself. So gunicorn
# need not compare the client's address for each request.
forwarded_allow_ips = "*"
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}


if _pin_workers and hasattr(os, "sched_setaffinity"):
    pre_fork, post_fork = cores.assign_core, cores.pin_worker


def post_worker_init(worker: Any) -> None:
    """Connect to DynamoDB before the first request, and keep permanent objects out of garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    from picus_api.core.dynamodb import table  # noqa: PLC0415 only a worker has use for it
    from picus_api.core.errors import TableUnavailable  # noqa: PLC0415

    try:
        table.connect()
    except TableUnavailable as error:
        worker.log.error("DynamoDB client: %s", error.cause)
