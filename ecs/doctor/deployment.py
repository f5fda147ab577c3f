"""The parts of one deployment, each read when it is first used."""

from functools import cached_property
from typing import Any

from ecs.doctor import releases
from ecs.doctor.aws_reader import AwsReader, Unreadable, readable
from picus_api.core import idempotency


class Deployment:
    """The resources of a stage, as AWS describes them. Every property raises Unreadable or Unreachable."""

    def __init__(self, aws: AwsReader) -> None:
        self._aws = aws
        # Zappa gives its REST API the name of the function.
        self.function_name = f"picus-delete-{aws.stage}"

    @cached_property
    def service(self) -> Any:
        """Return the ECS service."""
        names = {"cluster": self._aws.output("ClusterName"), "services": [self._aws.output("ServiceName")]}
        with readable():
            return self._aws.read("ecs", "describe_services", "services", **names)[0]

    @cached_property
    def task_definition(self) -> Any:
        """Return the task definition that the service uses now; after a rollback, the previous one."""
        name = self.service["taskDefinition"]
        return self._aws.read("ecs", "describe_task_definition", "taskDefinition", taskDefinition=name)

    @property
    def table_name(self) -> str:
        """Return the name of the table that the service uses, which may be in no stack."""
        name = releases.setting(self.task_definition, "DYNAMODB_TABLE_NAME")
        if not name:
            raise Unreadable("the task has no DYNAMODB_TABLE_NAME")
        return name

    @property
    def idempotency_table_name(self) -> str:
        """Return the name of the idempotency table that the service uses."""
        given = releases.setting(self.task_definition, "DYNAMODB_IDEMPOTENCY_TABLE_NAME")
        return given or idempotency.name_beside(self.table_name)

    @cached_property
    def table(self) -> Any:
        """Return the description of the table of items."""
        return self._aws.read("dynamodb", "describe_table", "Table", TableName=self.table_name)

    @cached_property
    def idempotency_table(self) -> Any:
        """Return the description of the idempotency table."""
        return self._aws.read("dynamodb", "describe_table", "Table", TableName=self.idempotency_table_name)

    @property
    def backups(self) -> Any:
        """Return the description of the items' backups."""
        key = "ContinuousBackupsDescription"
        return self._aws.read("dynamodb", "describe_continuous_backups", key, TableName=self.table_name)

    @property
    def time_to_live(self) -> Any:
        """Return the description of the idempotency table's time to live."""
        key = "TimeToLiveDescription"
        return self._aws.read("dynamodb", "describe_time_to_live", key, TableName=self.idempotency_table_name)

    @cached_property
    def distribution(self) -> Any:
        """Return the configuration of the CloudFront distribution."""
        distribution = self._aws.output("DistributionId")
        return self._aws.read("cloudfront", "get_distribution_config", "DistributionConfig", Id=distribution)

    @property
    def listener_rules(self) -> list[Any]:
        """Return the rules of all listeners of the load balancer."""
        name = self._aws.output("AlbDnsName")
        balancers = self._aws.read_pages("elbv2", "describe_load_balancers", "LoadBalancers")
        with readable():
            arn = next(balancer["LoadBalancerArn"] for balancer in balancers if balancer["DNSName"] == name)
        listeners = self._aws.read_pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn)
        arns = [listener["ListenerArn"] for listener in listeners]
        return [rule for arn in arns for rule in self._aws.read("elbv2", "describe_rules", "Rules", ListenerArn=arn)]

    @cached_property
    def function(self) -> Any:
        """Return the configuration of the delete function."""
        with readable():
            return self._aws.client("lambda").get_function_configuration(FunctionName=self.function_name)

    @cached_property
    def api_id(self) -> Any:
        """Return the id of the REST API."""
        apis = self._aws.read_pages("apigateway", "get_rest_apis", "items")
        with readable():
            return next(api["id"] for api in apis if api["name"] == self.function_name)

    @property
    def api_resources(self) -> list[Any]:
        """Return the resources of the REST API, with their methods."""
        return self._aws.read_pages("apigateway", "get_resources", "items", embed=["methods"], restApiId=self.api_id)

    @property
    def api_keys(self) -> list[str]:
        """Return the values of the enabled keys in the usage plans of the REST API."""
        plans = [
            plan["id"]
            for plan in self._aws.read_pages("apigateway", "get_usage_plans", "items")
            if any(stage["apiId"] == self.api_id for stage in plan.get("apiStages", []))
        ]
        listed = [
            key["id"]
            for plan in plans
            for key in self._aws.read_pages("apigateway", "get_usage_plan_keys", "items", usagePlanId=plan)
        ]
        with readable():
            client = self._aws.client("apigateway")
            keys = [client.get_api_key(apiKey=key, includeValue=True) for key in listed]
        return [key["value"] for key in keys if key.get("enabled", True)]
