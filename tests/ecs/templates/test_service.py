"""The service: its container, its releases, and the way to it."""

import json
import re
import runpy
from typing import Any

import pytest
from django.conf import settings

from tests.dynamodb import ROOT
from tests.ecs.templates.template import attributes, properties, resource, resources, template

# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html, amazon-vpc-limits.html
CLOUDFRONT_WEIGHT, MOST_RULES = 55, 60
LISTENERS = {"Listener": "EdgeRule", "TlsListener": "TlsEdgeRule"}
GROUPS = {"Listener": "AlbSecurityGroup", "TlsListener": "AlbTlsSecurityGroup"}


def container() -> dict[str, Any]:
    [only] = properties("service", "TaskDefinition")["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found


def test_release_replaces_tasks_gradually_and_rolls_back() -> None:
    assert properties("service", "Service")["DeploymentConfiguration"] == {
        "MaximumPercent": 200,
        "MinimumHealthyPercent": 100,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }


def test_release_keeps_the_task_count_of_autoscaling() -> None:
    assert "DesiredCount" not in properties("service", "Service")
    assert template("scaling")["Parameters"]["MinTasks"]["Default"] == 2


def test_service_is_created_after_the_listener_rule() -> None:
    assert resource("service", "Service")["DependsOn"] == "EdgeRule"


def test_container_is_read_only_and_runs_as_the_image_user() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert container()["User"] == users[-1]
    assert not users[-1].startswith("0")
    assert container()["ReadonlyRootFilesystem"] is True
    assert container()["LinuxParameters"] == {"InitProcessEnabled": True}
    assert properties("service", "TaskDefinition")["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_spool_folder_is_a_volume_that_threads_can_not_fill() -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html: 20 GiB with the image."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    [folder] = re.findall(r'^VOLUME \["(.+)"\]$', dockerfile, re.MULTILINE)
    assert f"ENV SPOOL_DIR={folder}\n" in dockerfile
    # Without symbolic links in the path (like /var/run), which Fargate would not resolve, so that root would own it.
    assert f"RUN install -d -m 700 -o 10001 -g 10001 {folder}\n" in dockerfile
    [mount] = container()["MountPoints"]
    [volume] = properties("service", "TaskDefinition")["Volumes"]
    assert mount == {"SourceVolume": volume["Name"], "ContainerPath": folder, "ReadOnly": False}
    assert volume.keys() == {"Name"}

    server = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert server["workers"] * server["threads"] * settings.MAX_NDJSON_BYTES < 18 * 2**30


def test_both_health_checks_use_the_liveness_endpoint() -> None:
    assert properties("service", "TargetGroup")["HealthCheckPath"] == "/__lbheartbeat__"
    assert ":8000/__lbheartbeat__" in container()["HealthCheck"]["Command"][-1]


def test_all_parts_use_the_port_of_the_container() -> None:
    environment = {entry["Name"]: entry["Value"] for entry in container()["Environment"]}
    [balancer] = properties("service", "Service")["LoadBalancers"]
    [balancer_out] = properties("service", "AlbSecurityGroup")["SecurityGroupEgress"]
    [task_in] = properties("service", "TaskSecurityGroup")["SecurityGroupIngress"]

    ports = {int(environment["PORT"]), balancer["ContainerPort"], properties("service", "TargetGroup")["Port"]}
    ports |= {rule[side] for rule in (balancer_out, task_in) for side in ("FromPort", "ToPort")}
    assert ports == {8000}
    assert balancer["ContainerName"] == container()["Name"]


@pytest.mark.parametrize("name", GROUPS.values())
def test_load_balancer_admits_cloudfront_only(name: str) -> None:
    [cloudfront] = properties("service", name)["SecurityGroupIngress"]
    assert cloudfront["SourcePrefixListId"] == {"Ref": "CloudFrontPrefixListId"}
    assert not {"CidrIp", "CidrIpv6"} & cloudfront.keys()


def test_tasks_admit_the_load_balancer_only() -> None:
    [balancer] = properties("service", "TaskSecurityGroup")["SecurityGroupIngress"]
    assert balancer["SourceSecurityGroupId"] == {"Fn::GetAtt": "AlbSecurityGroup.GroupId"}
    assert not {"CidrIp", "CidrIpv6"} & balancer.keys()


def test_no_security_group_exceeds_the_limit_of_rules() -> None:
    for group in resources("service", "AWS::EC2::SecurityGroup").values():
        rules = group["SecurityGroupIngress"]
        assert sum(CLOUDFRONT_WEIGHT if "SourcePrefixListId" in rule else 1 for rule in rules) <= MOST_RULES


def test_certificate_adds_a_listener_and_keeps_the_first() -> None:
    conditions = {name: resource("service", name).get("Condition") for name in (*LISTENERS, *LISTENERS.values())}
    tls = {name for name, condition in conditions.items() if condition == "HasCertificate"}
    assert tls == {"TlsListener", "TlsEdgeRule"}
    assert {condition for name, condition in conditions.items() if name not in tls} == {None}
    plain, secure = properties("service", "Listener"), properties("service", "TlsListener")
    assert (plain["Port"], plain["Protocol"], secure["Port"], secure["Protocol"]) == (80, "HTTP", 443, "HTTPS")
    # The edge stack takes these outputs.
    outputs = template("service")["Outputs"]
    assert outputs["AlbPort"]["Value"] == {"Fn::If": ["HasCertificate", "443", "80"]}
    assert outputs["AlbProtocol"]["Value"] == {"Fn::If": ["HasCertificate", "https-only", "http-only"]}


@pytest.mark.parametrize(("listener", "group"), GROUPS.items())
def test_each_listener_has_a_security_group_for_its_port(listener: str, group: str) -> None:
    [rule] = properties("service", group)["SecurityGroupIngress"]
    assert rule["FromPort"] == rule["ToPort"] == properties("service", listener)["Port"]
    assert resource("service", group).get("Condition") == resource("service", listener).get("Condition")
    assert f"{group}.GroupId" in json.dumps(properties("service", "LoadBalancer")["SecurityGroups"])


def test_host_of_the_viewer_reaches_the_service() -> None:
    found = attributes(properties("service", "LoadBalancer"), "LoadBalancerAttributes")
    assert found["routing.http.preserve_host_header.enabled"] == "true"
    assert template("service")["Parameters"]["AllowedHosts"]["Default"] == ".cloudfront.net"


@pytest.mark.parametrize("listener", LISTENERS)
def test_requests_without_the_secret_get_403_as_json(listener: str) -> None:
    [default] = properties("service", listener)["DefaultActions"]
    response = default["FixedResponseConfig"]
    assert (response["StatusCode"], response["ContentType"]) == ("403", "application/json")
    assert list(json.loads(response["MessageBody"])) == ["error", "code"]


@pytest.mark.parametrize(("listener", "rule"), LISTENERS.items())
def test_the_one_rule_of_a_listener_requires_the_secret(listener: str, rule: str) -> None:
    assert properties("service", rule)["ListenerArn"] == {"Ref": listener}
    [condition] = properties("service", rule)["Conditions"]
    assert condition["HttpHeaderConfig"]["HttpHeaderName"] == "X-Origin-Secret"
    [action] = properties("service", rule)["Actions"]
    assert action == {"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}
