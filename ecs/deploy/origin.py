"""The load balancer in front of the tasks: private, or public. Changing the kind fails no request.

A load balancer can't change its kind, so each kind has its own template and stack. Meanwhile the tasks serve both.
"""

import json
import socket
from typing import Any

from ecs.deploy import stacks
from ecs.deploy.aws import aws
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

KINDS = ("private", "public")


def template(stage: Stage) -> str:
    """Return the name of the template of the stage's origin. Raises StepFailed for an unknown kind."""
    if stage["Origin"] not in KINDS:
        raise StepFailed(f"Origin is {stage['Origin']!r}", "Set it to private or public in the stage's file.")
    return f"{stage['Origin']}-origin"


def publish(stage: Stage) -> None:
    """Create or update the load balancer. Raises StepFailed if a public one has no name yet."""
    name = template(stage)
    stage.add_outputs(stacks.apply(stage.stack(name), name, stage.parameters(name)))
    if stage["Origin"] == "public":
        _require_name(stage["AlbDomain"], stage["AlbDnsName"])


def plan(stage: Stage) -> list[str]:
    """Return the changes of the stage's load balancer, and whether another one would go."""
    name = template(stage)
    found = stacks.find(stage.stack(name))
    lines = stacks.changes(stage.stack(name), name, found, stage.parameters(name))
    stage.add_outputs(found)
    return lines + [f"Remove  {other}, after CloudFront uses the new load balancer" for other in _others(stage)]


def read_outputs(stage: Stage) -> None:
    """Read the outputs of the stage's load balancer."""
    stage.add_outputs(stacks.find(stage.stack(template(stage))))


def remove(stage: Stage) -> None:
    """Delete the load balancers of both kinds, if they exist."""
    for kind in KINDS:
        stacks.delete(stage.stack(f"{kind}-origin"))


def switch(stage: Stage) -> None:
    """Before the service stack is updated: if the load balancer changes, bring requests to the new one.

    The tasks join the new load balancer beside the old one, then CloudFront changes. The service stack, which is next,
    takes the tasks from the old one. Each part can be repeated.
    """
    service = _service(stage)
    if service is None or _target_groups(service) == [stage["TargetGroupArn"]]:
        return
    print("the load balancer changes: the tasks join the new one, then CloudFront uses it", flush=True)
    _join(stage, service)
    if stacks.find(stage.stack("edge")):
        stage.add_outputs(stacks.apply(stage.stack("edge"), "edge", stage.parameters("edge")))


def remove_other(stage: Stage) -> None:
    """After the service stack was updated: delete the load balancer of the other kind, if there is one."""
    for name in _others(stage):
        stacks.delete(name)


def _others(stage: Stage) -> list[str]:
    names = [stage.stack(f"{kind}-origin") for kind in KINDS if kind != stage["Origin"]]
    return [name for name in names if stacks.find(name)]


def _service(stage: Stage) -> Any:
    stack = stacks.find(stage.stack("service"))
    if stack is None or "ServiceName" not in stack.outputs:
        return None
    names = ("--cluster", stack.outputs["ClusterName"], "--services", stack.outputs["ServiceName"])
    return next(iter(aws("ecs", "describe-services", *names)["services"]), None)


def _target_groups(service: Any) -> list[str]:
    return [entry["targetGroupArn"] for entry in service["loadBalancers"]]


def _join(stage: Stage, service: Any) -> None:
    """Register the tasks with the new load balancer too, and wait until it finds them healthy."""
    wanted = stage["TargetGroupArn"]
    groups = list(dict.fromkeys([*_target_groups(service), wanted]))
    entry = {"containerName": "picus", "containerPort": 8000}
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    security_groups = list(dict.fromkeys([*network["securityGroups"], stage["TaskSecurityGroupId"]]))
    aws(
        *("ecs", "update-service", "--cluster", service["clusterArn"], "--service", service["serviceName"]),
        *("--load-balancers", json.dumps([{"targetGroupArn": arn, **entry} for arn in groups])),
        "--network-configuration",
        json.dumps({"awsvpcConfiguration": {**network, "securityGroups": security_groups}}),
    )
    aws("elbv2", "wait", "target-in-service", "--target-group-arn", wanted)
    aws("ecs", "wait", "services-stable", "--cluster", service["clusterArn"], "--services", service["serviceName"])


def _require_name(domain: str, target: str) -> None:
    try:
        socket.getaddrinfo(domain, 443)
    except OSError as error:
        raise StepFailed(f"there is no address of {domain} yet", f"Make {domain} an alias of {target}.") from error
