"""The parts of one deployment, each read when it is first used."""

from functools import cached_property
from typing import Any

from ecs.doctor import releases
from ecs.doctor.aws_reader import AwsReader
from picus_api.core import idempotency


class Deployment:
    """The resources of a stage, as AWS describes them. Properties raise what AwsReader raises."""

    def __init__(self, aws: AwsReader) -> None:
        self._aws = aws

    @cached_property
    def service(self) -> Any:
        """Return the ECS service."""
        names = {"cluster": self._aws.output("ClusterName"), "services": [self._aws.output("ServiceName")]}
        return self._aws.read("ecs", "describe_services", "services", 0, **names)

    @cached_property
    def task_definition(self) -> Any:
        """Return the task definition that the service uses now; after a rollback, the previous one."""
        name = self.service["taskDefinition"]
        return self._aws.read("ecs", "describe_task_definition", "taskDefinition", taskDefinition=name)

    @property
    def _table(self) -> str:
        return releases.setting(self.task_definition, "DYNAMODB_TABLE_NAME")

    @property
    def _idempotency_table(self) -> str:
        given = releases.setting(self.task_definition, "DYNAMODB_IDEMPOTENCY_TABLE_NAME")
        return given or idempotency.default_idempotency_table(self._table)

    @property
    def _token_table(self) -> str:
        return releases.setting(self.task_definition, "DYNAMODB_TOKENS_TABLE_NAME") or f"{self._table}_tokens"

    @cached_property
    def table(self) -> Any:
        """Return the description of the table of items that the service uses, which may be in no stack."""
        return self._aws.read("dynamodb", "describe_table", "Table", TableName=self._table)

    @cached_property
    def idempotency_table(self) -> Any:
        """Return the description of the idempotency table that the service uses."""
        return self._aws.read("dynamodb", "describe_table", "Table", TableName=self._idempotency_table)

    @cached_property
    def token_table(self) -> Any:
        """Return the description of the token table that the service uses."""
        return self._aws.read("dynamodb", "describe_table", "Table", TableName=self._token_table)

    @property
    def tokens(self) -> list[Any]:
        """Return what each record of the token table allows, without hashes and labels."""
        names = {"ProjectionExpression": "scopes, expires", "TableName": self._token_table}
        return self._aws.read_pages("dynamodb", "scan", "Items", **names)

    @property
    def backups(self) -> Any:
        """Return the description of the backups of the table of items."""
        key = "ContinuousBackupsDescription"
        return self._aws.read("dynamodb", "describe_continuous_backups", key, TableName=self._table)

    @property
    def item_time_to_live(self) -> Any:
        """Return the description of the time to live of the table of items."""
        return self._time_to_live(self._table)

    @property
    def time_to_live(self) -> Any:
        """Return the description of the idempotency table's time to live."""
        return self._time_to_live(self._idempotency_table)

    @property
    def token_time_to_live(self) -> Any:
        """Return the description of the token table's time to live."""
        return self._time_to_live(self._token_table)

    def _time_to_live(self, table: str) -> Any:
        return self._aws.read("dynamodb", "describe_time_to_live", "TimeToLiveDescription", TableName=table)

    @cached_property
    def distribution(self) -> Any:
        """Return the configuration of the CloudFront distribution."""
        distribution = self._aws.output("DistributionId")
        return self._aws.read("cloudfront", "get_distribution_config", "DistributionConfig", Id=distribution)

    @cached_property
    def load_balancer(self) -> Any:
        """Return the load balancer."""
        name = self._aws.output("AlbDnsName")
        balancers = self._aws.read_pages("elbv2", "describe_load_balancers", "LoadBalancers")
        return next(balancer for balancer in balancers if balancer["DNSName"] == name)

    @cached_property
    def listeners(self) -> list[Any]:
        """Return the listeners of the load balancer."""
        arn = self.load_balancer["LoadBalancerArn"]
        return self._aws.read_pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn)

    @property
    def listener_rules(self) -> list[Any]:
        """Return the rules of all listeners of the load balancer."""
        arns = [listener["ListenerArn"] for listener in self.listeners]
        return [rule for arn in arns for rule in self._aws.read("elbv2", "describe_rules", "Rules", ListenerArn=arn)]

    @property
    def ingress(self) -> list[Any]:
        """Return what the security groups of the load balancer admit."""
        groups = self._aws.read("ec2", "describe_security_groups", "SecurityGroups", **self._group_ids)
        return [rule for group in groups for rule in group["IpPermissions"]]

    @property
    def _group_ids(self) -> dict[str, list[str]]:
        return {"GroupIds": self.load_balancer.get("SecurityGroups", [])}

    @cached_property
    def function(self) -> Any:
        """Return the configuration of the delete function."""
        return self._aws.read("lambda", "get_function_configuration", FunctionName=f"picus-delete-{self._aws.stage}")

    @property
    def api_resources(self) -> list[Any]:
        """Return the resources of the REST API, with their methods."""
        parameters = self._aws.stacks["api"]["Parameters"]
        api = next(entry["ParameterValue"] for entry in parameters if entry["ParameterKey"] == "ApiId")
        return self._aws.read_pages("apigateway", "get_resources", "items", embed=["methods"], restApiId=api)

    @property
    def api_keys(self) -> list[str]:
        """Return the values of the enabled keys in the usage plan."""
        plan = self._aws.output("UsagePlanId")
        ids = [
            key["id"] for key in self._aws.read_pages("apigateway", "get_usage_plan_keys", "items", usagePlanId=plan)
        ]
        keys = [self._aws.read("apigateway", "get_api_key", apiKey=key, includeValue=True) for key in ids]
        return [key["value"] for key in keys if key.get("enabled", True)]
