"""Ways to break a deployment, each a context that mends it at its end."""

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from tests.doctor.deployed import FUNCTION, STAGE, Deployed

Config = dict[str, Any]
Break = Callable[[Deployed], AbstractContextManager[None]]


def distribution(change: Callable[[Config], None]) -> Break:
    """Change the distribution's configuration."""

    @contextmanager
    def broken(stage: Deployed) -> Iterator[None]:
        client, where = stage.client("cloudfront"), {"Id": stage["DistributionId"]}
        good = client.get_distribution_config(**where)["DistributionConfig"]
        bad = copy.deepcopy(good)
        change(bad)

        def update(config: Config) -> None:
            etag = client.get_distribution_config(**where)["ETag"]
            client.update_distribution(**where, DistributionConfig=config, IfMatch=etag)

        update(bad)
        try:
            yield
        finally:
            update(good)

    return broken


def behaviour(index: int, **changes: Any) -> Break:
    """Change one behaviour."""
    return distribution(lambda config: config["CacheBehaviors"]["Items"][index].update(changes))


def origin(name: str, change: Callable[[Config], None]) -> Break:
    """Change one origin."""

    def change_it(config: Config) -> None:
        change(next(entry for entry in config["Origins"]["Items"] if entry["Id"] == name))

    return distribution(change_it)


def timeout(name: str, **seconds: int) -> Break:
    """Change a timeout of one origin."""
    return origin(name, lambda entry: entry["CustomOriginConfig"].update(seconds))


def calling(service: str, operation: str, bad: Config, good: Config, /, **where: str) -> Break:
    """Call an operation with bad values, then with the good ones. `where` names outputs of the stage."""

    @contextmanager
    def broken(stage: Deployed) -> Iterator[None]:
        names = {name: stage[output] for name, output in where.items()}
        call = getattr(stage.client(service), operation)
        call(**names, **bad)
        try:
            yield
        finally:
            call(**names, **good)

    return broken


def attribute(operation: str, key: str, bad: str, good: str, **where: str) -> Break:
    """Change an attribute of the load balancer or of its target group."""
    values = [{"Attributes": [{"Key": key, "Value": value}]} for value in (bad, good)]
    return calling("elbv2", operation, *values, **where)


def policy(output: str, document: str) -> Break:
    """Give a role one more inline policy."""

    @contextmanager
    def broken(stage: Deployed) -> Iterator[None]:
        iam, role = stage.client("iam"), stage[output].rpartition("/")[2]
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="more")

    return broken


@contextmanager
def default_forwards(stage: Deployed) -> Iterator[None]:
    """The listener answers everybody."""
    client = stage.client("elbv2")
    listener = _listener(stage)
    forward = [{"Type": "forward", "TargetGroupArn": stage["TargetGroupArn"]}]
    client.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=forward)
    try:
        yield
    finally:
        client.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=listener["DefaultActions"])


@contextmanager
def rule_asks_for_a_path(stage: Deployed) -> Iterator[None]:
    """The rule forwards without looking at the secret."""
    client = stage.client("elbv2")
    rules = client.describe_rules(ListenerArn=_listener(stage)["ListenerArn"])["Rules"]
    rule = next(rule for rule in rules if not rule["IsDefault"])
    client.modify_rule(RuleArn=rule["RuleArn"], Conditions=[{"Field": "path-pattern", "Values": ["/*"]}])
    try:
        yield
    finally:
        good = [{"Field": "http-header", "HttpHeaderConfig": entry["HttpHeaderConfig"]} for entry in rule["Conditions"]]
        client.modify_rule(RuleArn=rule["RuleArn"], Conditions=good)


def _listener(stage: Deployed) -> Config:
    client = stage.client("elbv2")
    balancers = client.describe_load_balancers()["LoadBalancers"]
    found: Config = client.describe_listeners(LoadBalancerArn=balancers[0]["LoadBalancerArn"])["Listeners"][0]
    return found


@contextmanager
def open_method(stage: Deployed) -> Iterator[None]:
    """A method of the API asks for no key."""
    client = stage.client("apigateway")
    resources = client.get_resources(restApiId=stage["ApiId"])["items"]
    proxy = next(entry["id"] for entry in resources if entry["path"] == "/{proxy+}")

    def require(value: str) -> None:
        change = [{"op": "replace", "path": "/apiKeyRequired", "value": value}]
        where = {"restApiId": stage["ApiId"], "resourceId": proxy, "httpMethod": "ANY"}
        client.update_method(**where, patchOperations=change)
        client.create_deployment(restApiId=stage["ApiId"], stageName=STAGE)

    require("false")
    try:
        yield
    finally:
        require("true")


@contextmanager
def other_package(stage: Deployed) -> Iterator[None]:
    """The function runs other code."""
    client = stage.client("lambda")
    good = stage.package.read_bytes()
    client.update_function_code(FunctionName=FUNCTION, ZipFile=good + b"\n")
    try:
        yield
    finally:
        client.update_function_code(FunctionName=FUNCTION, ZipFile=good)


def with_role(output: str) -> Break:
    """The function runs with another role."""

    @contextmanager
    def broken(stage: Deployed) -> Iterator[None]:
        client = stage.client("lambda")
        client.update_function_configuration(FunctionName=FUNCTION, Role=stage[output])
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=FUNCTION, Role=stage["FunctionRoleArn"])

    return broken


@contextmanager
def key_in_no_plan(stage: Deployed) -> Iterator[None]:
    """The key opens nothing."""
    client = stage.client("apigateway")
    client.delete_usage_plan_key(usagePlanId=stage["UsagePlanId"], keyId=stage["KeyId"])
    try:
        yield
    finally:
        client.create_usage_plan_key(usagePlanId=stage["UsagePlanId"], keyId=stage["KeyId"], keyType="API_KEY")


@contextmanager
def disabled_key(stage: Deployed) -> Iterator[None]:
    """The key is there, and switched off."""
    client = stage.client("apigateway")

    def enable(value: str) -> None:
        change = [{"op": "replace", "path": "/enabled", "value": value}]
        client.update_api_key(apiKey=stage["KeyId"], patchOperations=change)

    enable("false")
    try:
        yield
    finally:
        enable("true")


def variables(**bad: str) -> Break:
    """The function has other values in its environment."""

    @contextmanager
    def broken(stage: Deployed) -> Iterator[None]:
        client = stage.client("lambda")
        good = client.get_function_configuration(FunctionName=FUNCTION)["Environment"]
        client.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": {**good["Variables"], **bad}}
        )
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=FUNCTION, Environment=good)

    return broken
