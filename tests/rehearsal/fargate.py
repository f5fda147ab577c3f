"""The stand-in for ECS on Fargate: gunicorn processes for tasks, replaced the way that ECS replaces them.

It watches the stage's service. For a new task definition it starts a process with the definition's variables and the
task role's credentials, asks the target group's health check, registers the process, deregisters the old one, and
ends that with SIGTERM. A release that never gets healthy is given up, and the old one goes on, as the circuit breaker
has it. ministack's load balancer has no health checks of its own: hence they are here, before the registration.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.dynamodb import ROOT, free_port
from tests.rehearsal.cloud import Cloud

HEALTHY_COUNT = 2
START_SECONDS = 10.0
# A real target group drains for 45 s; here nothing takes that long.
DRAIN_SECONDS = 1.0


@dataclass
class Task:
    """A process that serves a task definition."""

    definition: str
    address: str
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def target(self) -> dict[str, Any]:
        """What the target group calls it."""
        return {"Id": self.address, "Port": self.port}

    def is_healthy(self, path: str) -> bool:
        """One question of the load balancer."""
        try:
            with urlopen(f"http://{self.address}:{self.port}{path}", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False


class Fargate:
    """One service's scheduler. `variables` are added to every task's, for releases that are broken on purpose."""

    def __init__(self, cloud: Cloud, stage: str) -> None:
        self.cloud = cloud
        self.name_of_service = f"picus-{stage}"
        self.variables: dict[str, str] = {}
        self.task: Task | None = None
        self.given_up: list[str] = []
        self.keys: set[str] = set()
        # An address for each task, as on AWS: ministack's target groups tell targets apart by nothing else.
        self._addresses = (f"127.0.0.{number}" for number in range(2, 255))
        self.stopped_with: list[int] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(0.2):
            service = self._service()
            wanted = service and service["taskDefinition"]
            if wanted and wanted not in self.given_up and (self.task is None or self.task.definition != wanted):
                self._replace(wanted, service["loadBalancers"][0]["targetGroupArn"])

    def stop(self) -> None:
        """Ends the scheduler and its task."""
        self._end.set()
        self._thread.join()
        if self.task:
            self._stop(self.task)
            self.task = None

    @property
    def definition(self) -> str:
        """The task definition that serves."""
        assert self.task
        return self.task.definition

    def another_revision(self) -> str:
        """A new revision of the task definition that serves."""
        ecs = self.cloud.client("ecs")
        found = ecs.describe_task_definition(taskDefinition=self.definition)["taskDefinition"]
        wanted = ("family", "containerDefinitions", "taskRoleArn", "executionRoleArn", "networkMode", "cpu", "memory")
        for container in found["containerDefinitions"]:
            del container["healthCheck"]  # ministack does not give back its command
        registered = ecs.register_task_definition(**{name: found[name] for name in wanted})
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def update_service(self, definition: str) -> None:
        """Gives the service another task definition."""
        ecs = self.cloud.client("ecs")
        ecs.update_service(cluster=self.name_of_service, service=self.name_of_service, taskDefinition=definition)

    def _service(self) -> Any:
        ecs = self.cloud.client("ecs")
        try:
            found = ecs.describe_services(cluster=self.name_of_service, services=[self.name_of_service])["services"]
        except ecs.exceptions.ClusterNotFoundException:
            return None
        return next((service for service in found if service["status"] == "ACTIVE"), None)

    def _replace(self, definition: str, target_group: str) -> None:
        elb = self.cloud.client("elbv2")
        task, old = self._start(definition), self.task
        path = elb.describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"][0]["HealthCheckPath"]
        if not self._gets_healthy(task, path):
            self._stop(task)
            self.given_up.append(definition)
            return
        elb.register_targets(TargetGroupArn=target_group, Targets=[task.target])
        self.task = task
        if old:
            elb.deregister_targets(TargetGroupArn=target_group, Targets=[old.target])
            time.sleep(DRAIN_SECONDS)
            self.stopped_with.append(self._stop(old))

    def _start(self, definition: str) -> Task:
        found = self.cloud.client("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
        container = found["containerDefinitions"][0]
        address, port = next(self._addresses), free_port()
        credentials = self.cloud.assume(found["taskRoleArn"])
        self.keys.add(credentials["aws_access_key_id"])
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {entry["name"]: entry["value"] for entry in container["environment"]}
        environment |= {name.upper(): value for name, value in credentials.items()}
        environment |= {"BIND_HOST": address, "PORT": str(port), "AWS_ENDPOINT_URL": self.cloud.url}
        environment |= self.variables
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"]
        with (ROOT / "build" / "rehearsal.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        return Task(definition, address, port, process)

    def _gets_healthy(self, task: Task, path: str) -> bool:
        deadline, healthy = time.monotonic() + START_SECONDS, 0
        while task.process.poll() is None and time.monotonic() < deadline:
            healthy = healthy + 1 if task.is_healthy(path) else 0
            if healthy == HEALTHY_COUNT:
                return True
            time.sleep(0.1)
        return False

    def _stop(self, task: Task) -> int:
        """As ECS does; the exit status."""
        task.process.send_signal(signal.SIGTERM)
        return task.process.wait(timeout=90)
