"""Faults of a deployment. Each is a context manager that repairs the deployment when it ends."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ecs.deploy.stacks import template_path
from tests.ecs.doctor.emulated_stage import EmulatedStage

Fault = Callable[[EmulatedStage], AbstractContextManager[None]]
# Arguments of a call. A text {Name} stands for that output of the stage.
Arguments = dict[str, Any]


def call(service: str, operation: str, common: Arguments, bad: Arguments, good: Arguments) -> Fault:
    """Return a fault that calls an operation with the bad arguments, and repairs it with the good ones."""

    @contextmanager
    def fault(stage: EmulatedStage) -> Iterator[None]:
        operate = getattr(stage.client(service), operation)
        operate(**_filled(stage, common | bad))
        try:
            yield
        finally:
            operate(**_filled(stage, common | good))

    return fault


def _filled(stage: EmulatedStage, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(stage, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(stage, part) for part in value]
    return stage[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value


def sent_secrets(origin: str, value: str) -> Fault:
    """Return a fault: the distribution sends another secret to an origin, or none if `value` is empty."""

    @contextmanager
    def fault(stage: EmulatedStage) -> Iterator[None]:
        client, where = stage.client("cloudfront"), {"Id": stage["DistributionId"]}

        def update(config: Any) -> None:
            etag = client.get_distribution_config(**where)["ETag"]
            client.update_distribution(**where, DistributionConfig=config, IfMatch=etag)

        good = client.get_distribution_config(**where)["DistributionConfig"]
        bad = copy.deepcopy(good)
        fields = next(entry for entry in bad["Origins"]["Items"] if entry["Id"] == origin)["CustomHeaders"]
        for field in fields["Items"]:
            field["HeaderValue"] = value
        if not value:
            fields.clear()
            fields["Quantity"] = 0
        update(bad)
        try:
            yield
        finally:
            update(good)

    return fault


def added_policy(role_output: str, **statement: Any) -> Fault:
    """Return a fault: a role has one more inline policy."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]}

    @contextmanager
    def fault(stage: EmulatedStage) -> Iterator[None]:
        iam, role = stage.client("iam"), stage[role_output].rpartition("/")[2]
        iam.put_role_policy(RoleName=role, PolicyName="added", PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="added")

    return fault


@contextmanager
def key_without_usage_plan(stage: EmulatedStage) -> Iterator[None]:
    """Remove the API key from its usage plan."""
    client, where = stage.client("apigateway"), {"usagePlanId": stage["UsagePlanId"], "keyId": stage["KeyId"]}
    client.delete_usage_plan_key(**where)
    try:
        yield
    finally:
        client.create_usage_plan_key(**where, keyType="API_KEY")


@contextmanager
def missing_idempotency_table(stage: EmulatedStage) -> Iterator[None]:
    """Delete the idempotency table."""
    client, name = stage.client("dynamodb"), stage["IdempotencyTableName"]
    table = client.describe_table(TableName=name)["Table"]
    client.delete_table(TableName=name)
    try:
        yield
    finally:
        schema = {part: table[part] for part in ("KeySchema", "AttributeDefinitions")}
        client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **schema)
        stage.enable_recovery_and_expiry()


@contextmanager
def other_package(stage: EmulatedStage) -> Iterator[None]:
    """Give the function other code."""
    client, good = stage.client("lambda"), stage.package.read_bytes()
    client.update_function_code(FunctionName=stage.function, ZipFile=good + b"\n")
    try:
        yield
    finally:
        client.update_function_code(FunctionName=stage.function, ZipFile=good)


@contextmanager
def changed_template(stage: EmulatedStage) -> Iterator[None]:
    """Update a stack from a template that this checkout does not have."""
    body = template_path("idempotency").read_text().replace("Picus, ", "Picus of yesterday, ")
    stage.apply_template("idempotency", body, {})
    try:
        yield
    finally:
        stage.apply("idempotency")
