"""The parts of one deployment, each read once, when it is asked for."""

from functools import cached_property
from pathlib import Path
from runpy import run_path
from typing import Any

from picus_api.core import idempotency
from picus_project.doctor import edge, service
from picus_project.doctor.account import Account, Unreadable, readable

ROOT = Path(__file__).resolve().parents[2]
# ECS's default, in seconds.
STOP_SECONDS = 30


class Deployment:
    """What the stacks of a stage made. Every property raises Unreadable."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @cached_property
    def service(self) -> dict[str, Any]:
        """The ECS service."""
        names = {"cluster": self.account.output("ClusterName"), "services": [self.account.output("ServiceName")]}
        with readable():
            found: dict[str, Any] = self.account.call("ecs", "describe_services", **names)["services"][0]
            return found

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The task definition that the service has now, after a rollback the one before."""
        name = self.service["taskDefinition"]
        found: dict[str, Any] = self.account.call("ecs", "describe_task_definition", taskDefinition=name)[
            "taskDefinition"
        ]
        return found

    @property
    def table_name(self) -> str:
        """The table that the service uses, of a stack of ours or not."""
        name = service.setting(self.definition, "DYNAMODB_TABLE_NAME")
        if not name:
            raise Unreadable("the task has no DYNAMODB_TABLE_NAME")
        return name

    @cached_property
    def table(self) -> dict[str, Any]:
        """The table's description."""
        found: dict[str, Any] = self.account.call("dynamodb", "describe_table", TableName=self.table_name)["Table"]
        return found

    @property
    def backups(self) -> dict[str, Any]:
        """Its backups' description."""
        answer = self.account.call("dynamodb", "describe_continuous_backups", TableName=self.table_name)
        found: dict[str, Any] = answer["ContinuousBackupsDescription"]
        return found

    @cached_property
    def records(self) -> dict[str, Any]:
        """The description of the table of Idempotency-Key records."""
        answer = self.account.call("dynamodb", "describe_table", TableName=self._records_name)
        found: dict[str, Any] = answer["Table"]
        return found

    @property
    def expiry(self) -> dict[str, Any]:
        """When its records go."""
        answer = self.account.call("dynamodb", "describe_time_to_live", TableName=self._records_name)
        found: dict[str, Any] = answer["TimeToLiveDescription"]
        return found

    @property
    def _records_name(self) -> str:
        given = service.setting(self.definition, "DYNAMODB_IDEMPOTENCY_TABLE_NAME")
        return given or idempotency.name_beside(self.table_name)

    @cached_property
    def distribution(self) -> dict[str, Any]:
        """The distribution's configuration."""
        answer = self.account.call("cloudfront", "get_distribution_config", Id=self.account.output("DistributionId"))
        found: dict[str, Any] = answer["DistributionConfig"]
        return found

    @cached_property
    def target_group(self) -> dict[str, Any]:
        """The load balancer's target group."""
        arns = [self.account.output("TargetGroupArn")]
        with readable():
            answer = self.account.call("elbv2", "describe_target_groups", TargetGroupArns=arns)
            found: dict[str, Any] = answer["TargetGroups"][0]
            return found

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules of all of the load balancer's listeners."""
        balancer = {"LoadBalancerArn": self._balancer}
        listeners = self.account.pages("elbv2", "describe_listeners", "Listeners", **balancer)
        calls = ({"ListenerArn": listener["ListenerArn"]} for listener in listeners)
        return [rule for call in calls for rule in self.account.call("elbv2", "describe_rules", **call)["Rules"]]

    @cached_property
    def _balancer(self) -> str:
        name = self.account.output("AlbDnsName")
        balancers = self.account.pages("elbv2", "describe_load_balancers", "LoadBalancers")
        with readable():
            return next(str(found["LoadBalancerArn"]) for found in balancers if found["DNSName"] == name)

    def balancer_seconds(self, name: str) -> int:
        """An attribute of the load balancer."""
        answer = self.account.call("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=self._balancer)
        return _seconds(answer, name)

    def target_seconds(self, name: str) -> int:
        """An attribute of the target group."""
        arn = self.account.output("TargetGroupArn")
        return _seconds(self.account.call("elbv2", "describe_target_group_attributes", TargetGroupArn=arn), name)

    @property
    def stop_seconds(self) -> int:
        """How long a task has between SIGTERM and SIGKILL."""
        return int(service.container(self.definition).get("stopTimeout", STOP_SECONDS))

    def edge_seconds(self, origin: str, name: str) -> int:
        """A timeout of the distribution for one origin."""
        with readable():
            return int(edge.origin(self.distribution, origin)["CustomOriginConfig"][name])

    @cached_property
    def function(self) -> dict[str, Any]:
        """The function's configuration."""
        return self.account.call("lambda", "get_function_configuration", FunctionName=self.account.function)

    @property
    def gunicorn(self) -> dict[str, Any]:
        """The server's settings, which the image has from this very file."""
        return run_path(str(ROOT / "gunicorn.conf.py"))


def _seconds(answer: dict[str, Any], name: str) -> int:
    values = {entry["Key"]: entry["Value"] for entry in answer["Attributes"]}
    with readable():
        return int(values[name])
