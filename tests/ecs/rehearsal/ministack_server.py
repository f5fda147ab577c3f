"""Run ministack, by the Python of its environment, with three changes that bring it closer to AWS.

It listens on two ports: with TLS for viewers, without for tools and the function, which need no certificate. An update
of a function lets its running calls end, as Lambda does. A usage plan with a stage in it can't be deleted, as in API
Gateway.
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
    """Kill idle workers now, and busy ones after their calls. Their pool has released all of them."""
    found = [worker for worker in workers if worker is not None]
    _kill_workers([worker for worker in found if not worker.in_use])
    if busy := [worker for worker in found if worker.in_use]:
        # In another thread, because the caller is the event loop, which the calls need.
        threading.Thread(target=_kill_when_idle, args=(busy,), daemon=True).start()


def _kill_when_idle(busy: list[Any]) -> None:
    deadline = time.monotonic() + LONGEST_CALL_SECONDS
    while any(worker.in_use for worker in busy) and time.monotonic() < deadline:
        time.sleep(0.01)
    _kill_workers(busy)


def delete_usage_plan(plan: str) -> Any:
    """Delete a usage plan without stages. Raises ValueError, on which CloudFormation fails, for others."""
    if apigateway_v1._usage_plans[plan].get("apiStages"):
        raise ValueError(f"Cannot delete Usage Plan {plan} because there are API Stages associated with it")
    return _delete_usage_plan(plan)


lambda_runtime.kill_workers = kill_workers
apigateway_v1._delete_usage_plan = delete_usage_plan
# The default of a property, because ministack sets the TLS port on the instance that it makes.
Config._insecure_bind = [f"127.0.0.1:{os.environ['PLAIN_PORT']}"]

if __name__ == "__main__":
    sys.exit(main())
