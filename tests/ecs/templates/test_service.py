"""The service: its container, its releases, and the way to it."""

import json
import re
import runpy
from typing import Any

import pytest
from django.conf import settings

from ecs.deploy.function import SETTINGS_OF_STAGE
from tests.dynamodb import ROOT
from tests.ecs.templates.template import attributes, properties, resources, template

# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html, amazon-vpc-limits.html
CLOUDFRONT_WEIGHT, MOST_RULES = 55, 60
ORIGINS = ("private-origin", "public-origin")


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


def test_task_has_one_container_and_pins_workers() -> None:
    assert [each["Name"] for each in properties("service", "TaskDefinition")["ContainerDefinitions"]] == ["picus"]
    assert {"Name": "WEB_PIN_WORKERS", "Value": "true"} in container()["Environment"]


def test_both_health_checks_use_the_liveness_endpoint() -> None:
    assert {properties(name, "TargetGroup")["HealthCheckPath"] for name in ORIGINS} == {"/__lbheartbeat__"}
    assert ":8000/__lbheartbeat__" in container()["HealthCheck"]["Command"][-1]


def test_all_parts_use_the_port_of_the_container() -> None:
    environment = {entry["Name"]: entry["Value"] for entry in container()["Environment"]}
    [balancer] = properties("service", "Service")["LoadBalancers"]
    [balancer_out] = properties("security", "BalancerSecurityGroup")["SecurityGroupEgress"]
    [task_in] = properties("security", "TaskSecurityGroup")["SecurityGroupIngress"]

    ports = {int(environment["PORT"]), balancer["ContainerPort"]}
    ports |= {properties(name, "TargetGroup")["Port"] for name in ORIGINS}
    ports |= {rule[side] for rule in (balancer_out, task_in) for side in ("FromPort", "ToPort")}
    assert ports == {8000}
    assert balancer["ContainerName"] == container()["Name"]


def test_tasks_admit_the_load_balancers_only() -> None:
    [balancer] = properties("security", "TaskSecurityGroup")["SecurityGroupIngress"]
    assert balancer["SourceSecurityGroupId"] == {"Fn::GetAtt": "BalancerSecurityGroup.GroupId"}
    assert not {"CidrIp", "CidrIpv6"} & balancer.keys()
    network = properties("service", "Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == [{"Ref": "TaskSecurityGroupId"}]


@pytest.mark.parametrize(
    ("name", "port", "scheme"), [(ORIGINS[0], 80, "internal"), (ORIGINS[1], 443, "internet-facing")]
)
def test_load_balancer_admits_cloudfront_only(name: str, port: int, scheme: str) -> None:
    [cloudfront] = properties(name, "EdgeSecurityGroup")["SecurityGroupIngress"]
    assert cloudfront["SourcePrefixListId"] == {"Ref": "CloudFrontPrefixListId"}
    assert not {"CidrIp", "CidrIpv6"} & cloudfront.keys()
    assert CLOUDFRONT_WEIGHT <= MOST_RULES
    assert cloudfront["FromPort"] == cloudfront["ToPort"] == properties(name, "Listener")["Port"] == port
    assert len(resources(name, "AWS::ElasticLoadBalancingV2::Listener")) == 1
    balancer = properties(name, "LoadBalancer")
    groups = [{"Ref": "BalancerSecurityGroupId"}, {"Fn::GetAtt": "EdgeSecurityGroup.GroupId"}]
    assert (balancer["Scheme"], balancer["SecurityGroups"]) == (scheme, groups)


def test_both_load_balancers_differ_in_the_scheme_only() -> None:
    private, public = (properties(name, "LoadBalancer") for name in ORIGINS)
    assert private["LoadBalancerAttributes"] == public["LoadBalancerAttributes"]
    assert properties(ORIGINS[0], "TargetGroup") == properties(ORIGINS[1], "TargetGroup")
    found = attributes(private, "LoadBalancerAttributes")
    assert found["routing.http.preserve_host_header.enabled"] == "true"
    assert found["routing.http.desync_mitigation_mode"] == "strictest"
    assert template("service")["Parameters"]["AllowedHosts"]["Default"] == ".cloudfront.net"
    # CloudFront reaches them by different outputs of the same names.
    assert template(ORIGINS[0])["Outputs"].keys() == template(ORIGINS[1])["Outputs"].keys()
    assert private["Subnets"] == {"Ref": "PrivateSubnetIds"}


def test_private_load_balancer_has_a_vpc_origin_and_no_secret() -> None:
    config = properties("private-origin", "VpcOrigin")["VpcOriginEndpointConfig"]
    assert (config["Arn"], config["HTTPPort"], config["OriginProtocolPolicy"]) == (
        {"Ref": "LoadBalancer"},
        80,
        "http-only",
    )
    assert "resolve:secretsmanager" not in (ROOT / "ecs/private-origin.yaml").read_text()
    routes = resources("network", "AWS::EC2::SubnetRouteTableAssociation").values()
    assert [route["SubnetId"] for route in routes] == [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}]


def test_public_load_balancer_needs_certificate_and_secret() -> None:
    parameters, listener = template("public-origin")["Parameters"], properties("public-origin", "Listener")
    assert not [name for name in ("AlbDomain", "AlbCertificateArn") if "Default" in parameters[name]]
    assert (listener["Protocol"], listener["Certificates"]) == (
        "HTTPS",
        [{"CertificateArn": {"Ref": "AlbCertificateArn"}}],
    )
    [default] = listener["DefaultActions"]
    response = default["FixedResponseConfig"]
    assert (response["StatusCode"], response["ContentType"]) == ("403", "application/json")
    assert list(json.loads(response["MessageBody"])) == ["error", "code"]
    [rule] = resources("public-origin", "AWS::ElasticLoadBalancingV2::ListenerRule").values()
    [condition] = rule["Conditions"]
    assert condition["HttpHeaderConfig"]["HttpHeaderName"] == "X-Origin-Secret"
    [action] = rule["Actions"]
    assert action == {"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}


def test_anonymous_scopes_have_no_default_and_reach_the_service() -> None:
    rules = template("service")["Parameters"]["AnonymousScopes"]
    assert "Default" not in rules
    good, bad = ("none", "read", "read,write,delete", "write,read"), ("", "all", "read, write", "read,none")
    assert [text for text in (*good, *bad) if re.fullmatch(rules["AllowedPattern"], text)] == list(good)
    environment = {entry["Name"]: entry["Value"] for entry in container()["Environment"]}
    assert environment["ANONYMOUS_SCOPES"] == {"Ref": "AnonymousScopes"}
    assert environment["DYNAMODB_TOKENS_TABLE_NAME"] == {"Ref": "TokensTableName"}
    # These have defaults, and the function has the same values.
    parameters = template("service")["Parameters"]
    assert (parameters["TtlAttribute"]["Default"], parameters["RequireIfMatch"]["Default"]) == ("", "false")
    assert (
        environment.items()
        >= {
            variable: {"Ref": name} for variable, name in SETTINGS_OF_STAGE.items() if name != "TokensTableName"
        }.items()
    )
    assert environment["METRICS_NAMESPACE"] == {"Fn::Sub": "Picus/${Stage}"}
