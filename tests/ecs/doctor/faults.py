"""Faults of a deployment. Each is a context manager that repairs the deployment when it ends."""

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ecs.deploy.stacks import template_path
from tests.ecs.doctor.emulated_stage import EmulatedStage

Fault = Callable[[EmulatedStage], AbstractContextManager[None]]
Arguments = dict[str, Any]


def call(operation: str, common: Arguments, bad: Arguments, good: Arguments, repair: str = "") -> Fault:
    """Return a fault that calls `service.operation` with the bad arguments.

    To repair the stage, it calls the operation (or `repair`) with the good ones. A text {Name} stands for an output.
    """

    @contextmanager
    def fault(stage: EmulatedStage) -> Iterator[None]:
        service, _, name = operation.partition(".")
        client = stage.client(service)
        getattr(client, name)(**_with_outputs(stage, common | bad))
        try:
            yield
        finally:
            getattr(client, repair or name)(**_with_outputs(stage, common | good))

    return fault


def _with_outputs(stage: EmulatedStage, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_outputs(stage, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_outputs(stage, part) for part in value]
    return stage[value[1:-1]] if isinstance(value, str) and re.fullmatch(r"\{\w+\}", value) else value


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
        [changed] = [entry for entry in bad["Origins"]["Items"] if entry["Id"] == origin]
        fields = [field | {"HeaderValue": value} for field in changed["CustomHeaders"]["Items"]] if value else []
        changed["CustomHeaders"] = {"Quantity": len(fields)} | ({"Items": fields} if fields else {})
        update(bad)
        try:
            yield
        finally:
            update(good)

    return fault


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
def changed_template(stage: EmulatedStage) -> Iterator[None]:
    """Update a stack from a template that this checkout does not have."""
    body = template_path("idempotency").read_text().replace("Picus, ", "Picus of yesterday, ")
    stage.apply_template("idempotency", body, {})
    try:
        yield
    finally:
        stage.apply("idempotency")
