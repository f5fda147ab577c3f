"""How the service runs, is replaced, and is reached."""

import json
import re
import runpy
from typing import Any

import pytest
from django.conf import settings

from tests.dynamodb import ROOT
from tests.templates.template import attributes, properties, resource, resources, template

# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html, amazon-vpc-limits.html
CLOUDFRONT_WEIGHT, MOST_RULES = 55, 60
LISTENERS = {"Listener": "EdgeRule", "TlsListener": "TlsEdgeRule"}
GROUPS = {"Listener": "AlbSecurityGroup", "TlsListener": "AlbTlsSecurityGroup"}


def container() -> dict[str, Any]:
    [only] = properties("service", "TaskDefinition")["ContainerDefinitions"]
    found: dict[str, Any] = only
    return found


def test_a_release_starts_the_new_before_it_stops_the_old_and_comes_back_when_it_fails() -> None:
    assert properties("service", "Service")["DeploymentConfiguration"] == {
        "MaximumPercent": 200,
        "MinimumHealthyPercent": 100,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }


def test_a_release_does_not_undo_what_autoscaling_set() -> None:
    assert "DesiredCount" not in properties("service", "Service")
    assert template("scaling")["Parameters"]["MinTasks"]["Default"] == 2


def test_the_service_waits_for_the_rule_that_puts_its_targets_behind_a_listener() -> None:
    assert resource("service", "Service")["DependsOn"] == "EdgeRule"


def test_the_container_can_change_nothing_and_is_the_images_own_user() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert container()["User"] == users[-1]
    assert not users[-1].startswith("0")
    assert container()["ReadonlyRootFilesystem"] is True
    assert container()["LinuxParameters"] == {"InitProcessEnabled": True}
    assert properties("service", "TaskDefinition")["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_it_has_the_images_one_folder_to_write_to_on_storage_that_its_threads_can_not_fill() -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html: 20 GiB with the image."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    [folder] = re.findall(r'^VOLUME \["(.+)"\]$', dockerfile, re.MULTILINE)
    assert f"ENV SPOOL_DIR={folder}\n" in dockerfile
    # No link on the way (/var/run is one): Fargate would not know it for the same path, and leave it to root.
    assert f"RUN install -d -m 700 -o 10001 -g 10001 {folder}\n" in dockerfile
    [mount] = container()["MountPoints"]
    [volume] = properties("service", "TaskDefinition")["Volumes"]
    assert mount == {"SourceVolume": volume["Name"], "ContainerPath": folder, "ReadOnly": False}
    assert volume.keys() == {"Name"}

    server = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert server["workers"] * server["threads"] * settings.MAX_NDJSON_BYTES < 18 * 2**30


def test_both_health_checks_ask_for_liveness_which_leaves_dynamodb_alone() -> None:
    assert properties("service", "TargetGroup")["HealthCheckPath"] == "/__lbheartbeat__"
    assert ":8000/__lbheartbeat__" in container()["HealthCheck"]["Command"][-1]


def test_the_container_listens_where_the_load_balancer_and_the_groups_expect_it() -> None:
    environment = {entry["Name"]: entry["Value"] for entry in container()["Environment"]}
    [balancer] = properties("service", "Service")["LoadBalancers"]
    [balancer_out] = properties("service", "AlbSecurityGroup")["SecurityGroupEgress"]
    [task_in] = properties("service", "TaskSecurityGroup")["SecurityGroupIngress"]

    ports = {int(environment["PORT"]), balancer["ContainerPort"], properties("service", "TargetGroup")["Port"]}
    ports |= {rule[side] for rule in (balancer_out, task_in) for side in ("FromPort", "ToPort")}
    assert ports == {8000}
    assert balancer["ContainerName"] == container()["Name"]


@pytest.mark.parametrize("name", GROUPS.values())
def test_the_load_balancer_takes_cloudfront_alone(name: str) -> None:
    [cloudfront] = properties("service", name)["SecurityGroupIngress"]
    assert cloudfront["SourcePrefixListId"] == {"Ref": "CloudFrontPrefixListId"}
    assert not {"CidrIp", "CidrIpv6"} & cloudfront.keys()


def test_the_tasks_take_the_load_balancer_alone() -> None:
    [balancer] = properties("service", "TaskSecurityGroup")["SecurityGroupIngress"]
    assert balancer["SourceSecurityGroupId"] == {"Fn::GetAtt": "AlbSecurityGroup.GroupId"}
    assert not {"CidrIp", "CidrIpv6"} & balancer.keys()


def test_no_group_has_more_rules_than_aws_allows() -> None:
    for group in resources("service", "AWS::EC2::SecurityGroup").values():
        rules = group["SecurityGroupIngress"]
        assert sum(CLOUDFRONT_WEIGHT if "SourcePrefixListId" in rule else 1 for rule in rules) <= MOST_RULES


def test_a_certificate_adds_a_listener_and_leaves_the_one_that_cloudfront_still_asks() -> None:
    conditions = {name: resource("service", name).get("Condition") for name in (*LISTENERS, *LISTENERS.values())}
    tls = {name for name, condition in conditions.items() if condition == "HasCertificate"}
    assert tls == {"TlsListener", "TlsEdgeRule"}
    assert {condition for name, condition in conditions.items() if name not in tls} == {None}
    plain, secure = properties("service", "Listener"), properties("service", "TlsListener")
    assert (plain["Port"], plain["Protocol"], secure["Port"], secure["Protocol"]) == (80, "HTTP", 443, "HTTPS")
    # What the edge is told to ask.
    outputs = template("service")["Outputs"]
    assert outputs["AlbPort"]["Value"] == {"Fn::If": ["HasCertificate", "443", "80"]}
    assert outputs["AlbProtocol"]["Value"] == {"Fn::If": ["HasCertificate", "https-only", "http-only"]}


@pytest.mark.parametrize(("listener", "group"), GROUPS.items())
def test_each_listener_has_its_ports_group(listener: str, group: str) -> None:
    [rule] = properties("service", group)["SecurityGroupIngress"]
    assert rule["FromPort"] == rule["ToPort"] == properties("service", listener)["Port"]
    assert resource("service", group).get("Condition") == resource("service", listener).get("Condition")
    assert f"{group}.GroupId" in json.dumps(properties("service", "LoadBalancer")["SecurityGroups"])


def test_the_viewers_host_reaches_the_service() -> None:
    found = attributes(properties("service", "LoadBalancer"), "LoadBalancerAttributes")
    assert found["routing.http.preserve_host_header.enabled"] == "true"
    assert template("service")["Parameters"]["AllowedHosts"]["Default"] == ".cloudfront.net"


@pytest.mark.parametrize("listener", LISTENERS)
def test_who_comes_around_the_edge_gets_403_in_the_error_shape(listener: str) -> None:
    [default] = properties("service", listener)["DefaultActions"]
    answer = default["FixedResponseConfig"]
    assert (answer["StatusCode"], answer["ContentType"]) == ("403", "application/json")
    assert list(json.loads(answer["MessageBody"])) == ["error"]


@pytest.mark.parametrize(("listener", "rule"), LISTENERS.items())
def test_a_listeners_one_rule_wants_the_edges_secret(listener: str, rule: str) -> None:
    assert properties("service", rule)["ListenerArn"] == {"Ref": listener}
    [condition] = properties("service", rule)["Conditions"]
    assert condition["HttpHeaderConfig"]["HttpHeaderName"] == "X-Origin-Secret"
    [action] = properties("service", rule)["Actions"]
    assert action == {"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}
