"""Tables, secrets, buckets, logs and images."""

import json
import re
from typing import Any

import pytest

from picus_api.core import idempotency
from picus_api.core.access import token_table
from picus_api.core.expiry import MAX_NAME_BYTES
from picus_api.core.keys import KEY
from picus_api.core.values.version_attribute import VERSION
from tests.dynamodb import ROOT
from tests.ecs.templates.template import NAMES, STAGES, leaves, properties, resource, resources, template

# Names under which a secret could be stored.
SECRET = re.compile(r"secret|password|token|api.?key", re.IGNORECASE)
# Parameters and variables about secrets that hold none.
ABOUT_SECRETS = re.compile(r"(\w+Version|MaxToken\w+|TokensTableName|DYNAMODB_TOKENS_TABLE_NAME)")
LIMITS = {"MaxReadRequestUnits", "MaxWriteRequestUnits"}


HEADERS = "/DistributionConfig/Origins/OriginCustomHeaders"


def test_table_has_the_key_and_billing_of_the_contract() -> None:
    table = properties("data", "Table")
    assert table["KeySchema"] == [{"AttributeName": KEY, "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": KEY, "AttributeType": "S"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert template("data")["Parameters"]["TableName"]["Default"] == "picus_data"


def test_table_is_retained_protected_and_recoverable() -> None:
    table = resource("data", "Table")
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_items_expire_by_an_attribute_that_can_be_one() -> None:
    expiry = {"AttributeName": {"Ref": "TtlAttribute"}, "Enabled": True}
    assert properties("data", "Table")["TimeToLiveSpecification"] == {
        "Fn::If": ["ItemsExpire", expiry, {"Ref": "AWS::NoValue"}]
    }
    rules = template("data")["Parameters"]["TtlAttribute"]
    assert (rules["Default"], rules["MaxLength"]) == ("", MAX_NAME_BYTES)
    good, bad = ("", "until", "object_id2", "a.b c"), (KEY, VERSION)
    assert [name for name in (*good, *bad) if re.fullmatch(rules["AllowedPattern"], name)] == list(good)


@pytest.mark.parametrize("name", NAMES)
def test_failed_first_creation_leaves_no_resources(name: str) -> None:
    # A remaining resource would block the second creation by its name.
    assert "Retain" not in [entry.get("DeletionPolicy") for entry in template(name)["Resources"].values()]


def test_idempotency_table_has_the_services_key_and_expiry() -> None:
    table = resource("idempotency", "Records")
    assert table["DeletionPolicy"] == "Delete"
    assert table["Properties"] == {
        "TableName": {"Fn::Sub": idempotency.default_idempotency_table("${TableName}")},
        "KeySchema": [{"AttributeName": idempotency.RECORD_KEY, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": idempotency.RECORD_KEY, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "OnDemandThroughput": {name: {"Ref": "MaxIdempotencyWrites"} for name in LIMITS},
        "TimeToLiveSpecification": {"AttributeName": idempotency.EXPIRES_AT, "Enabled": True},
    }


def test_token_table_is_recoverable_bounded_and_expires_tokens() -> None:
    assert resource("tokens", "Tokens")["DeletionPolicy"] == "Delete"
    table = properties("tokens", "Tokens")
    assert table["TableName"] == {"Fn::Sub": "${TableName}_tokens"}
    assert table["KeySchema"] == [{"AttributeName": token_table.TOKEN_KEY, "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": token_table.TOKEN_KEY, "AttributeType": "S"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert set(table["OnDemandThroughput"]) == LIMITS
    assert table["TimeToLiveSpecification"] == {"AttributeName": token_table.EXPIRES, "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("name", ["data", "idempotency"])
def test_table_name_leaves_room_for_the_idempotency_table(name: str) -> None:
    pattern = template(name)["Parameters"]["TableName"]["AllowedPattern"]
    assert re.fullmatch(pattern, "x" * (255 - len(idempotency.default_idempotency_table(""))))
    assert not re.fullmatch(pattern, "x" * (256 - len(idempotency.default_idempotency_table(""))))


def test_generated_secrets_fit_headers_and_listener_rules() -> None:
    secrets = resources("registry", "AWS::SecretsManager::Secret")
    assert set(secrets) == {"AlbSecret", "ApiKeySecret"}
    for secret in secrets.values():
        generated = secret["GenerateSecretString"]
        # In a listener rule these are wildcards. API Gateway requires at least 20 characters.
        assert set("*?\\") <= set(generated["ExcludeCharacters"])
        assert 20 <= generated["PasswordLength"] <= 128
        assert "SecretString" not in secret


@pytest.mark.parametrize(
    ("name", "logical_id", "path", "parameter"),
    [
        (
            "public-origin",
            "EdgeRule",
            "/Conditions/HttpHeaderConfig/Values/Fn::Sub",
            "AlbSecret}${AcceptedAlbSecretVersion",
        ),
        ("api", "Key", "/Value/Fn::Sub", "ApiKeySecret}${FirstKeyVersion"),
        ("api", "SecondKey", "/Value/Fn::Sub", "ApiKeySecret}${SecondKeyVersion"),
        ("edge", "Distribution", f"{HEADERS}/Fn::If/HeaderValue/Fn::Sub", "AlbSecret}${AlbSecretVersion"),
        ("edge", "Distribution", f"{HEADERS}/HeaderValue/Fn::Sub", "ApiKeySecret}${ApiKeyVersion"),
    ],
)
def test_templates_refer_to_secrets_by_name(name: str, logical_id: str, path: str, parameter: str) -> None:
    found = [value for where, value in leaves(properties(name, logical_id)) if where == path]
    assert f"{{{{resolve:secretsmanager:${{{parameter}}}}}}}" in found
    assert all(value.startswith("{{resolve:secretsmanager:") for value in found)


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_or_variable_holds_a_secret(name: str) -> None:
    for parameter, rules in template(name).get("Parameters", {}).items():
        if SECRET.search(parameter) and not ABOUT_SECRETS.fullmatch(parameter):
            assert "Default" not in rules, parameter
            assert "ame of the secret" in rules["Description"], parameter
    for container in _containers(name):
        names = [entry["Name"] for entry in container.get("Environment", [])]
        assert [entry for entry in names if SECRET.search(entry) and not ABOUT_SECRETS.fullmatch(entry)] == []


def _containers(name: str) -> list[dict[str, Any]]:
    tasks = resources(name, "AWS::ECS::TaskDefinition").values()
    return [container for task in tasks for container in task["ContainerDefinitions"]]


def test_buckets_are_private_and_expire_their_files() -> None:
    buckets = [entry for name in NAMES for entry in resources(name, "AWS::S3::Bucket").values()]
    assert len(buckets) == 2
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    policies = [entry for name in NAMES for entry in resources(name, "AWS::S3::BucketPolicy").values()]
    denied = [policy["PolicyDocument"]["Statement"][0] for policy in policies]
    assert [entry["Condition"] for entry in denied] == [{"Bool": {"aws:SecureTransport": "false"}}] * 2
    for bucket in buckets:
        assert all(rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"])


def test_every_log_group_has_a_retention() -> None:
    groups = [entry for name in NAMES for entry in resources(name, "AWS::Logs::LogGroup").values()]
    assert [group["RetentionInDays"] for group in groups] == [{"Ref": "LogRetentionDays"}] * 3
    defaults = {template(name)["Parameters"]["LogRetentionDays"]["Default"] for name in ("api", "registry", "service")}
    assert defaults == {30}


@pytest.mark.parametrize("stage", STAGES)
def test_zappa_settings_name_resources_of_the_templates(stage: str) -> None:
    settings = json.loads((ROOT / "zappa_settings.json").read_text())
    function = f"{settings['base']['project_name']}-{stage}"

    def named(name: str, logical_id: str, key: str) -> str:
        text: str = properties(name, logical_id)[key]["Fn::Sub"]
        return text.replace("${Stage}", stage)

    assert settings[stage]["role_name"] == named("roles", "FunctionRole", "RoleName")
    assert settings[stage]["s3_bucket"] == named("registry", "ZappaBucket", "BucketName").rpartition("-")[0]
    assert named("registry", "FunctionLogs", "LogGroupName") == f"/aws/lambda/{function}"


def test_images_are_scanned_immutable_and_expire() -> None:
    repository = properties("registry", "Repository")
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["action"]["type"] for rule in rules] == ["expire", "expire"]
