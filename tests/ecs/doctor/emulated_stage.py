"""A stage on ministack, made from the templates with boto3, and a function and REST API like Zappa's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from ecs.deploy.stacks import template_path
from ecs.deploy.stage import stack_name

STAGE = "staging"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACCOUNT = "000000000000"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0a1b2c3d-0000-0000-0000-000000000000"


@dataclass
class EmulatedStage:
    """A stage on the emulator at `url`. Items are the outputs of its stacks."""

    url: str
    package: Path
    function: str = f"picus-delete-{STAGE}"
    _outputs: dict[str, str] = field(default_factory=dict)
    _applied: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)  # type: ignore[call-overload]

    def __getitem__(self, output: str) -> str:
        return self._outputs[output]

    def apply(self, name: str, **parameters: str) -> None:
        """Create or update a stack from its template. Outputs of earlier stacks are parameters as well."""
        self.apply_template(name, template_path(name).read_text(), parameters)

    def apply_template(self, name: str, body: str, parameters: Mapping[str, str]) -> None:
        """Create or update a stack from the text of a template."""
        formation, stack = self.client("cloudformation"), stack_name(STAGE, name)
        known = {entry["ParameterKey"] for entry in formation.get_template_summary(TemplateBody=body)["Parameters"]}
        values = {"Stage": STAGE, **self._outputs, **parameters}
        given = [{"ParameterKey": key, "ParameterValue": values[key]} for key in sorted(known & values.keys())]
        what: dict[str, Any] = {"StackName": stack, "TemplateBody": body, "Parameters": given}
        exists = name in self._applied
        (formation.update_stack if exists else formation.create_stack)(**what, Capabilities=["CAPABILITY_NAMED_IAM"])
        waiter = formation.get_waiter("stack_update_complete" if exists else "stack_create_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 1})
        outputs = formation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
        self._outputs |= {entry["OutputKey"]: entry["OutputValue"] for entry in outputs}
        self._applied.add(name)

    def deploy(self) -> None:
        """Deploy everything, in the order of `make deploy`."""
        self.apply("data", TableName="picus_data_staging")
        for name in ("idempotency", "tokens", "network", "registry", "security", "roles"):
            self.apply(name)
        self.enable_recovery_and_expiry()
        # A public origin, because ministack's CloudFormation makes no VPC origins. The rehearsal has a private one.
        domain = {"AlbDomain": "origin.example.com", "AlbCertificateArn": CERTIFICATE}
        self.apply("public-origin", CloudFrontPrefixListId="pl-3b927c52", **domain)
        self.release()
        self._find_listener()
        self._outputs |= {"FunctionName": self.function, "TaskRoleName": self["TaskRoleArn"].rpartition("/")[2]}
        self._make_function()
        self._make_api()
        self.apply("api", ApiStage=STAGE)
        port = str(urlsplit(self.url).port)
        # The emulator finds the load balancer by its own name.
        balancer = {"AlbHost": self["AlbDnsName"], "AlbPort": "443", "AlbProtocol": "https-only"}
        api = {"ApiHost": "127.0.0.1", "ApiPort": port, "ApiProtocol": "http-only"}
        self.apply("edge", **balancer, **api, ApiPath=f"/_aws/execute-api/{self['ApiId']}/{STAGE}")

    def release(self, **parameters: str) -> None:
        """Deploy the service stack with the values of the other stacks."""
        image = f"{self['RepositoryUri']}:{COMMIT}"
        self.apply("service", ImageUri=image, Commit=COMMIT, AnonymousScopes="read", TtlAttribute="until", **parameters)

    def enable_recovery_and_expiry(self) -> None:
        """Set two properties of tables that ministack's CloudFormation ignores."""
        dynamodb = self.client("dynamodb")
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=self["TableName"], PointInTimeRecoverySpecification=recovery)
        attributes = {"TableName": "until", "IdempotencyTableName": "expires_at", "TokensTableName": "expires"}
        for table, attribute in attributes.items():
            expiry = {"AttributeName": attribute, "Enabled": True}
            dynamodb.update_time_to_live(TableName=self[table], TimeToLiveSpecification=expiry)

    def _find_listener(self) -> None:
        elb = self.client("elbv2")
        balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
        rules = elb.describe_rules(ListenerArn=listener)["Rules"]
        [rule] = [rule for rule in rules if not rule["IsDefault"]]
        secret = rule["Conditions"][0]["HttpHeaderConfig"]["Values"][0]
        self._outputs |= {"LoadBalancerArn": balancer, "ListenerArn": listener}
        self._outputs |= {"RuleArn": rule["RuleArn"], "SentSecret": secret}

    def _make_function(self) -> None:
        self.client("lambda").create_function(
            FunctionName=self.function,
            Runtime="python3.13",
            Role=self["FunctionRoleArn"],
            Handler="delete_fn.handler.handler",
            Code={"ZipFile": self.package.read_bytes()},
            Timeout=20,
            Environment={"Variables": self.function_variables()},
        )

    def function_variables(self) -> dict[str, str]:
        """Return the environment of the function."""
        where = {"DYNAMODB_TABLE_NAME": self["TableName"], "PICUS_COMMIT": COMMIT, "ANONYMOUS_SCOPES": "read"}
        return {**where, "TTL_ATTRIBUTE": "until", "REQUIRE_IF_MATCH": "false"}

    def _make_api(self) -> None:
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name=self.function, endpointConfiguration={"types": ["REGIONAL"]})["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        proxy = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
        function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{self.function}/invocations"
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}"
        for resource in (root, proxy):
            where = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
            gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
            gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        gateway.create_deployment(restApiId=api, stageName=STAGE)
        self._outputs |= {"ApiId": api, "ProxyId": proxy}
