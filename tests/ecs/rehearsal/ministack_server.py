"""Run ministack, by the Python of its environment, with some changes that bring it closer to AWS.

It listens on two ports: with TLS for viewers, without for tools and the function, which need no certificate. An update
of a function lets its running calls end, as Lambda does. A usage plan with a stage in it can't be deleted, as in API
Gateway.

Its CloudFormation makes VPC origins, and its change sets see resources that appear or go by a condition. Its
distributions use VPC origins, and TLS listeners without a certificate. Resources without an effect on requests
(budgets, deliveries of logs, alarms with metric math) are accepted, but nothing stores them.
"""

import os
import sys
import threading
import time
from typing import Any

from hypercorn.config import Config
from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import alb, apigateway_v1, cloudfront
from ministack.services.cloudformation import changesets, provisioners

LONGEST_CALL_SECONDS = 20.0

_kill_workers = lambda_runtime.kill_workers
_delete_usage_plan = apigateway_v1._delete_usage_plan


def kill_workers(workers: Any) -> None:
    """Kill idle workers now, and busy ones after their calls. Their pool has released all of them."""
    found = [worker for worker in workers if worker is not None]
    _kill_workers([worker for worker in found if not worker.in_use])
    if busy := [worker for worker in found if worker.in_use]:
        # In another thread, because the caller is the event loop, which the calls need.
        threading.Thread(target=_kill_when_idle, args=(busy,), daemon=True).start()


def _kill_when_idle(busy: list[Any]) -> None:
    deadline = time.monotonic() + LONGEST_CALL_SECONDS
    while any(worker.in_use for worker in busy) and time.monotonic() < deadline:
        time.sleep(0.01)
    _kill_workers(busy)


def delete_usage_plan(plan: str) -> Any:
    """Delete a usage plan without stages. Raises ValueError, on which CloudFormation fails, for others."""
    if apigateway_v1._usage_plans[plan].get("apiStages"):
        raise ValueError(f"Cannot delete Usage Plan {plan} because there are API Stages associated with it")
    return _delete_usage_plan(plan)


ACCEPTED = (
    "AWS::Budgets::Budget",
    "AWS::Logs::Delivery",
    "AWS::Logs::DeliveryDestination",
    "AWS::Logs::DeliverySource",
)


def make_vpc_origin(logical_id: str, properties: Any, stack: str) -> Any:
    """Make a VPC origin, and return its id and attributes."""
    config = properties["VpcOriginEndpointConfig"]
    found = f"vo_{abs(hash(config['Arn'])):022d}"[:25]
    arn = f"arn:aws:cloudfront::000000000000:vpcorigin/{found}"
    cloudfront._vpc_origins[found] = {"Id": found, "Arn": arn, "VpcOriginEndpointConfig": config, "Version": 1}
    return found, {"Id": found, "Arn": arn}


def delete_vpc_origin(physical_id: str, properties: Any) -> None:
    """Delete a VPC origin. Raises ValueError, on which CloudFormation fails, while a distribution uses it."""
    used = [str(cloudfront._dist_config_el(entry)) for entry in cloudfront._distributions.values()]
    if any(physical_id in config for config in used):
        raise ValueError(f"The VPC origin {physical_id} is in use")
    cloudfront._vpc_origins.pop(physical_id, None)


def accept_resource(logical_id: str, properties: Any, stack: str) -> Any:
    """Give a resource that is not emulated an identifier and an ARN."""
    return f"{stack}-{logical_id}", {"Arn": f"arn:aws:emulated:::{stack}/{logical_id}"}


def origin_of_data_plane(element: Any) -> Any:
    """Return an origin as the data plane needs it, with the protocol and ports of its VPC origin."""
    origin = _dataplane_origin(element)
    vpc = cloudfront._find(element, "VpcOriginConfig")
    if vpc is not None:
        config = cloudfront._vpc_origins[cloudfront._text(vpc, "VpcOriginId")]["VpcOriginEndpointConfig"]
        origin |= {"protocol_policy": config["OriginProtocolPolicy"], "http_port": int(config["HTTPPort"])}
    return origin


def data_plane_config(distribution: Any) -> Any:
    """Return what the data plane needs of a distribution, parsed once for each configuration, not for each request."""
    text = distribution["config_xml"]
    if text not in _parsed:
        _parsed[text] = _data_plane_config(distribution)
    return _parsed[text]


async def fetch_from_alb(lb: Any, origin: Any, *request: Any) -> Any:
    """Serve a request by the listener on the origin's port, whichever its protocol."""
    _, port, _ = cloudfront._origin_connect_target(origin, viewer_is_https=True)
    listeners = [entry for entry in alb._listeners.values() if entry["LoadBalancerArn"] == lb["LoadBalancerArn"]]
    for listener in listeners:
        listener["Protocol"] = "HTTP"
    plain = origin | {"protocol_policy": "http-only", "http_port": port}
    return await _fetch_from_alb(lb, plain, *request)


def make_alarm(logical_id: str, properties: Any, stack: str) -> Any:
    """Make an alarm. Only accept one with metric math, which ministack lacks."""
    make = accept_resource if "Metrics" in properties else _make_alarm
    return make(logical_id, properties, stack)


def resolve_for_diff(template: Any, parameters: Any, *names: Any) -> Any:
    """Return what change sets compare, without the resources whose condition does not hold."""
    resolved = _resolve_for_diff(template, parameters, *names)
    conditions = changesets._evaluate_conditions(template, parameters) if template else {}
    found = resolved.get("Resources", {}).items()
    return {"Resources": {name: entry for name, entry in found if conditions.get(entry.get("Condition"), True)}}


_resolve_for_diff, changesets._resolve_props_for_diff = changesets._resolve_props_for_diff, resolve_for_diff
_make_alarm = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]["create"]
provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]["create"] = make_alarm


_parsed: dict[str, Any] = {}
_data_plane_config = cloudfront.parse_distribution_dataplane_config
cloudfront.parse_distribution_dataplane_config = data_plane_config
_dataplane_origin, _fetch_from_alb = cloudfront._dataplane_origin, cloudfront._fetch_from_alb_origin
cloudfront._dataplane_origin, cloudfront._fetch_from_alb_origin = origin_of_data_plane, fetch_from_alb
provisioners._RESOURCE_HANDLERS |= {
    "AWS::CloudFront::VpcOrigin": {"create": make_vpc_origin, "delete": delete_vpc_origin},
    **{name: {"create": accept_resource, "delete": lambda *_: None} for name in ACCEPTED},
}
lambda_runtime.kill_workers = kill_workers
apigateway_v1._delete_usage_plan = delete_usage_plan
# The default of a property, because ministack sets the TLS port on the instance that it makes.
Config._insecure_bind = [f"127.0.0.1:{os.environ['PLAIN_PORT']}"]

if __name__ == "__main__":
    sys.exit(main())
