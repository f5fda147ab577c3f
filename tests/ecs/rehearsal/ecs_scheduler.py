"""A substitute for ECS on Fargate: tasks are gunicorn processes, which it replaces as ECS does.

It polls the stage's service. For a new task definition it starts a process with the variables of the definition and the
credentials of the task role, waits for the target group's health check, registers the process, deregisters the old one
and stops it with SIGTERM. It gives up a release that never becomes healthy and keeps the old one, like the circuit
breaker. The health checks are here because ministack's load balancer has none.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.dynamodb import ROOT, free_port
from tests.ecs.rehearsal.emulator import Emulator

HEALTHY_COUNT = 2
# Long, because a good release must not be given up on a busy machine. Tests of bad releases wait shorter.
START_SECONDS = 90.0
# A real target group drains for 45 s; no request of the rehearsal takes that long.
DRAIN_SECONDS = 1.0


@dataclass
class Task:
    """A process that runs a task definition."""

    definition: str
    target_groups: list[str]
    address: str
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def target(self) -> dict[str, Any]:
        """Return the target for ELB's API."""
        return {"Id": self.address, "Port": self.port}

    def is_healthy(self, path: str) -> bool:
        """Return True if the task responds to a health check with 200."""
        try:
            with urlopen(f"http://{self.address}:{self.port}{path}", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False


class EcsScheduler:
    """The scheduler of one service. Each task also gets `variables`, to break a release on purpose."""

    def __init__(self, emulator: Emulator, stage: str) -> None:
        self.emulator = emulator
        self.service_name = f"picus-{stage}"
        self.variables: dict[str, str] = {}
        self.start_seconds = START_SECONDS
        self.task: Task | None = None
        self.given_up: list[str] = []
        self.keys: set[str] = set()
        # Each task has another address, because ministack's target groups distinguish targets by address only.
        self._addresses = (f"127.0.0.{number}" for number in range(2, 255))
        # By the address of the task that was replaced.
        self.exit_statuses: dict[str, int] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(0.5):
            service = self._service()
            if not service or service["taskDefinition"] in self.given_up:
                continue
            wanted, groups = service["taskDefinition"], [entry["targetGroupArn"] for entry in service["loadBalancers"]]
            if self.task is None or (self.task.definition, self.task.target_groups) != (wanted, groups):
                self._replace(wanted, groups)

    def stop(self) -> None:
        """Stop the scheduler and its task."""
        self._end.set()
        self._thread.join()
        if self.task:
            self._stop(self.task)
            self.task = None

    @property
    def definition(self) -> str:
        """Return the ARN of the running task definition."""
        assert self.task
        return self.task.definition

    def register_revision(self) -> str:
        """Register a copy of the running task definition and return its ARN."""
        ecs = self.emulator.client("ecs")
        found = ecs.describe_task_definition(taskDefinition=self.definition)["taskDefinition"]
        wanted = ("family", "containerDefinitions", "taskRoleArn", "executionRoleArn", "networkMode", "cpu", "memory")
        for container in found["containerDefinitions"]:
            del container["healthCheck"]  # ministack does not return its command
        registered = ecs.register_task_definition(**{name: found[name] for name in wanted})
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def update_service(self, definition: str) -> None:
        """Set the task definition of the service."""
        ecs = self.emulator.client("ecs")
        ecs.update_service(cluster=self.service_name, service=self.service_name, taskDefinition=definition)

    def _service(self) -> Any:
        ecs = self.emulator.client("ecs")
        try:
            found = ecs.describe_services(cluster=self.service_name, services=[self.service_name])["services"]
        except ecs.exceptions.ClusterNotFoundException:
            return None
        return next((service for service in found if service["status"] == "ACTIVE"), None)

    def _replace(self, definition: str, target_groups: list[str]) -> None:
        elb = self.emulator.client("elbv2")
        task, old = self._start(definition, target_groups), self.task
        path = elb.describe_target_groups(TargetGroupArns=target_groups)["TargetGroups"][0]["HealthCheckPath"]
        if not self._becomes_healthy(task, path):
            self._stop(task)
            self.given_up.append(definition)
            return
        for target_group in target_groups:
            elb.register_targets(TargetGroupArn=target_group, Targets=[task.target])
        self.task = task
        if old:
            # A target group that is gone has no targets.
            for target_group in old.target_groups:
                with suppress(elb.exceptions.TargetGroupNotFoundException):
                    elb.deregister_targets(TargetGroupArn=target_group, Targets=[old.target])
            time.sleep(DRAIN_SECONDS)
            self.exit_statuses[old.address] = self._stop(old)

    def _start(self, definition: str, target_groups: list[str]) -> Task:
        found = self.emulator.client("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
        container = found["containerDefinitions"][0]
        address, port = next(self._addresses), free_port()
        credentials = self.emulator.assume(found["taskRoleArn"])
        self.keys.add(credentials["aws_access_key_id"])
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {entry["name"]: entry["value"] for entry in container["environment"]}
        environment |= {name.upper(): value for name, value in credentials.items()}
        environment |= {"BIND_HOST": address, "PORT": str(port), "AWS_ENDPOINT_URL": self.emulator.url}
        environment |= self.variables
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"]
        with (ROOT / "build" / "rehearsal.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        return Task(definition, target_groups, address, port, process)

    def _becomes_healthy(self, task: Task, path: str) -> bool:
        deadline, healthy = time.monotonic() + self.start_seconds, 0
        while task.process.poll() is None and time.monotonic() < deadline:
            healthy = healthy + 1 if task.is_healthy(path) else 0
            if healthy == HEALTHY_COUNT:
                return True
            time.sleep(0.1)
        return False

    def _stop(self, task: Task) -> int:
        """Stop a task as ECS does, and return its exit status."""
        task.process.send_signal(signal.SIGTERM)
        return task.process.wait(timeout=90)
