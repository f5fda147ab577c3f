"""Runs ministack, by the Python of its own environment, as AWS is where a release meets running requests.

On two ports: TLS for viewers, plain for everybody else. Viewers come by https alone; the local tools and
the function need no certificate of ours. And an update of a function lets the calls that run end, as Lambda does, where
ministack would kill them; and a usage plan with a stage in it is not deleted, as API Gateway has it.
"""

import os
import sys
import threading
import time
from typing import Any

from hypercorn.config import Config
from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import apigateway_v1

LONGEST_CALL_SECONDS = 20.0

_kill_workers = lambda_runtime.kill_workers
_delete_usage_plan = apigateway_v1._delete_usage_plan


def kill_workers(workers: Any) -> None:
    """As ministack's, but those at work end their call first. Their pool has let them go already."""
    found = [worker for worker in workers if worker is not None]
    _kill_workers([worker for worker in found if not worker.in_use])
    if busy := [worker for worker in found if worker.in_use]:
        # In a thread of its own: the caller is the event loop, which their calls need.
        threading.Thread(target=_kill_when_idle, args=(busy,), daemon=True).start()


def _kill_when_idle(busy: list[Any]) -> None:
    deadline = time.monotonic() + LONGEST_CALL_SECONDS
    while any(worker.in_use for worker in busy) and time.monotonic() < deadline:
        time.sleep(0.01)
    _kill_workers(busy)


def delete_usage_plan(plan: str) -> Any:
    """As ministack's, for a plan without stages. CloudFormation is who asks: it fails by what is raised."""
    if apigateway_v1._usage_plans[plan].get("apiStages"):
        raise ValueError(f"Cannot delete Usage Plan {plan} because there are API Stages associated with it")
    return _delete_usage_plan(plan)


lambda_runtime.kill_workers = kill_workers
apigateway_v1._delete_usage_plan = delete_usage_plan
# A property's default: ministack sets the TLS door, on the instance that it makes.
Config._insecure_bind = [f"127.0.0.1:{os.environ['PLAIN_PORT']}"]

if __name__ == "__main__":
    sys.exit(main())
