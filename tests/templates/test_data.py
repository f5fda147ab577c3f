"""What holds data is kept, and what holds secrets does not show them."""

import json
import re
from typing import Any

import pytest

from picus_api.core import idempotency
from picus_api.core.keys import KEY
from tests.dynamodb import ROOT
from tests.templates.template import NAMES, STAGES, leaves, properties, resource, resources, template

# A name that something secret could stand under.
SECRET = re.compile(r"secret|password|token|api.?key", re.IGNORECASE)


def test_the_table_is_the_contracts() -> None:
    table = properties("data", "Table")
    assert table["KeySchema"] == [{"AttributeName": KEY, "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": KEY, "AttributeType": "S"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert template("data")["Parameters"]["TableName"]["Default"] == "picus_data"


def test_the_table_outlives_its_stack_and_a_wrong_command() -> None:
    table = resource("data", "Table")
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("name", NAMES)
def test_what_outlives_its_stack_does_not_outlive_a_first_creation_that_failed(name: str) -> None:
    """It would stand in the way of the second, by its name, or be left behind."""
    assert "Retain" not in [entry.get("DeletionPolicy") for entry in template(name)["Resources"].values()]


def test_the_records_are_the_services_expire_and_need_no_safety() -> None:
    table = resource("records", "Records")
    assert table["DeletionPolicy"] == "Delete"
    assert table["Properties"] == {
        "TableName": {"Fn::Sub": idempotency.name_beside("${TableName}")},
        "KeySchema": [{"AttributeName": idempotency.RECORD_KEY, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": idempotency.RECORD_KEY, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": idempotency.EXPIRES_AT, "Enabled": True},
    }


@pytest.mark.parametrize("name", ["data", "records"])
def test_a_tables_name_leaves_room_for_that_of_its_records(name: str) -> None:
    pattern = template(name)["Parameters"]["TableName"]["AllowedPattern"]
    assert re.fullmatch(pattern, "x" * (255 - len(idempotency.name_beside(""))))
    assert not re.fullmatch(pattern, "x" * (256 - len(idempotency.name_beside(""))))


def test_secrets_are_made_up_by_secrets_manager_and_fit_a_header_and_a_listener_rule() -> None:
    secrets = resources("registry", "AWS::SecretsManager::Secret")
    assert set(secrets) == {"AlbSecret", "ApiKeySecret"}
    for secret in secrets.values():
        made = secret["GenerateSecretString"]
        # A listener rule would take these for wildcards; API Gateway wants 20 characters at least.
        assert set("*?\\") <= set(made["ExcludeCharacters"])
        assert 20 <= made["PasswordLength"] <= 128
        assert "SecretString" not in secret


@pytest.mark.parametrize(
    ("name", "logical_id", "path", "parameter"),
    [
        ("service", "EdgeRule", "/Conditions/HttpHeaderConfig/Values/Fn::Sub", "AlbSecret"),
        ("service", "TlsEdgeRule", "/Conditions/HttpHeaderConfig/Values/Fn::Sub", "AlbSecret"),
        ("api", "Key", "/Value/Fn::Sub", "ApiKeySecret"),
        ("edge", "Distribution", "/DistributionConfig/Origins/OriginCustomHeaders/HeaderValue/Fn::Sub", "AlbSecret"),
        ("edge", "Distribution", "/DistributionConfig/Origins/OriginCustomHeaders/HeaderValue/Fn::Sub", "ApiKeySecret"),
    ],
)
def test_who_needs_a_secret_refers_to_it(name: str, logical_id: str, path: str, parameter: str) -> None:
    found = [value for where, value in leaves(properties(name, logical_id)) if where == path]
    assert f"{{{{resolve:secretsmanager:${{{parameter}}}}}}}" in found
    assert all(value.startswith("{{resolve:secretsmanager:") for value in found)


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_brings_a_secret_and_no_variable_holds_one(name: str) -> None:
    for parameter, rules in template(name).get("Parameters", {}).items():
        assert not (SECRET.search(parameter) and "Default" in rules), parameter
        assert not SECRET.search(parameter) or "ame of the secret" in rules["Description"] or name == "edge"
    for container in _containers(name):
        assert not [entry for entry in container.get("Environment", []) if SECRET.search(entry["Name"])]


def _containers(name: str) -> list[dict[str, Any]]:
    tasks = resources(name, "AWS::ECS::TaskDefinition").values()
    return [container for task in tasks for container in task["ContainerDefinitions"]]


def test_buckets_are_private_and_empty_themselves() -> None:
    buckets = [entry for name in NAMES for entry in resources(name, "AWS::S3::Bucket").values()]
    assert len(buckets) == 2
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert all(rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"])


def test_every_log_has_an_end() -> None:
    groups = [entry for name in NAMES for entry in resources(name, "AWS::Logs::LogGroup").values()]
    assert [group["RetentionInDays"] for group in groups] == [30, 30]


@pytest.mark.parametrize("stage", STAGES)
def test_zappas_settings_name_what_the_templates_make(stage: str) -> None:
    settings = json.loads((ROOT / "zappa_settings.json").read_text())
    function = f"{settings['base']['project_name']}-{stage}"

    def named(name: str, logical_id: str, key: str) -> str:
        text: str = properties(name, logical_id)[key]["Fn::Sub"]
        return text.replace("${Stage}", stage)

    assert settings[stage]["role_name"] == named("roles", "FunctionRole", "RoleName")
    assert settings[stage]["s3_bucket"] == named("registry", "ZappaBucket", "BucketName").rpartition("-")[0]
    assert named("registry", "FunctionLogs", "LogGroupName") == f"/aws/lambda/{function}"


def test_images_are_scanned_and_never_replaced_and_old_ones_go() -> None:
    repository = properties("registry", "Repository")
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["action"]["type"] for rule in rules] == ["expire", "expire"]
