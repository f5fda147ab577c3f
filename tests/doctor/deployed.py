"""A stage on an emulator, made of the templates by plain boto3; Zappa's part is made as Zappa makes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from tests.dynamodb import ROOT

STAGE = "staging"
FUNCTION = f"picus-delete-{STAGE}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACCOUNT = "000000000000"


@dataclass
class Deployed:
    """A stage on the emulator at `url`, and boto3 clients to look at it or break it."""

    url: str

    def __post_init__(self) -> None:
        self._outputs: dict[str, str] = {}
        self._applied: set[str] = set()

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)  # type: ignore[call-overload]

    def __getitem__(self, output: str) -> str:
        return self._outputs[output]

    def apply(self, name: str, **parameters: str) -> None:
        """Create or update a stack; parameters that earlier stacks have as outputs are filled in."""
        formation, stack = self.client("cloudformation"), f"picus-{STAGE}-{name}"
        body = (ROOT / "ecs" / f"{name}.yaml").read_text()
        known = {entry["ParameterKey"] for entry in formation.get_template_summary(TemplateBody=body)["Parameters"]}
        values = {"Stage": STAGE, **self._outputs, **parameters}
        given = [{"ParameterKey": key, "ParameterValue": values[key]} for key in sorted(known & values.keys())]
        what: dict[str, Any] = {"StackName": stack, "TemplateBody": body, "Parameters": given}
        exists = name in self._applied
        (formation.update_stack if exists else formation.create_stack)(**what, Capabilities=["CAPABILITY_NAMED_IAM"])
        formation.get_waiter("stack_update_complete" if exists else "stack_create_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1}
        )
        outputs = formation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
        self._outputs |= {entry["OutputKey"]: entry["OutputValue"] for entry in outputs}
        self._applied.add(name)

    def find_load_balancer(self) -> None:
        """The stack's outputs do not name it."""
        found = self.client("elbv2").describe_load_balancers()["LoadBalancers"][0]
        self._outputs["LoadBalancerArn"] = found["LoadBalancerArn"]

    def make_function(self, package: Path) -> None:
        """What Zappa makes: the function, a REST API of one {proxy+} resource, its stage."""
        self.package = package
        self.client("lambda").create_function(
            FunctionName=FUNCTION,
            Runtime="python3.13",
            Role=self["FunctionRoleArn"],
            Handler="delete_fn.handler.handler",
            Code={"ZipFile": package.read_bytes()},
            Timeout=20,
            Environment={"Variables": {"DYNAMODB_TABLE_NAME": self["TableName"], "PICUS_COMMIT": COMMIT}},
        )
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name=FUNCTION, endpointConfiguration={"types": ["REGIONAL"]})["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        proxy = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
        function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{FUNCTION}/invocations"
        for resource in (root, proxy):
            where = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
            gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
            gateway.put_integration(
                **where,
                type="AWS_PROXY",
                integrationHttpMethod="POST",
                uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}",
            )
        gateway.create_deployment(restApiId=api, stageName=STAGE)
        self._outputs["ApiId"] = api


def deploy(url: str, package: Path) -> Deployed:
    """All of a stage, in the order of `make deploy`."""
    stage = Deployed(url)
    stage.apply("data", TableName="picus_data_staging")
    stage.apply("records")
    stage.apply("network")
    stage.apply("registry")
    stage.apply("roles")
    image = f"{stage['RepositoryUri']}:{COMMIT}"
    stage.apply("service", ImageUri=image, Commit=COMMIT, CloudFrontPrefixListId="pl-3b927c52")
    stage.find_load_balancer()
    stage.make_function(package)
    stage.apply("api", ApiStage=STAGE)
    port = str(urlsplit(url).port)
    stage.apply(
        "edge",
        AlbPort=port,
        AlbProtocol="http-only",
        ApiHost="127.0.0.1",
        ApiPort=port,
        ApiProtocol="http-only",
        ApiPath=f"/_aws/execute-api/{stage['ApiId']}/{STAGE}",
    )
    return stage
