"""Changes of a running stage while requests run: rotations, the kind of origin, and a roll-back. No request fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ecs.rehearsal.rehearsed_stage import NAME, RehearsedStage, statuses
from tests.ecs.rehearsal.request_stream import stream

CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0a1b2c3d-0000-0000-0000-000000000000"
# The emulator finds a load balancer by its own name, and serves a TLS listener without the certificate.
PUBLIC = (
    *("--set=Origin=public", "--set=AlbDomain=origin.elb.amazonaws.com", f"--set=AlbCertificateArn={CERTIFICATE}"),
    "--set=AlbHost={AlbDnsName}",
)
SWITCH = ("--only=origin", "--only=service")


@contextmanager
def unnoticed(stage: RehearsedStage, what: str, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Send requests while the block changes the stage. No request may fail."""
    with stream(stage) as result:
        yield
    with capsys.disabled():
        print(f"\n{what} while requests run: {result}")
    assert result.failures == []
    assert result.requests.total() > 20


def change(stage: RehearsedStage, *arguments: str) -> str:
    changed = stage.command(*arguments)
    assert changed.returncode == 0, changed.stdout + changed.stderr
    return changed.stdout


def secret_sent(stage: RehearsedStage, origin: str) -> str:
    found = stage.emulator.client("cloudfront").get_distribution_config(Id=stage.outputs("edge")["DistributionId"])
    [entry] = [entry for entry in found["DistributionConfig"]["Origins"]["Items"] if entry["Id"] == origin]
    return str(entry["CustomHeaders"]["Items"][0]["HeaderValue"])


def current(stage: RehearsedStage, name: str) -> str:
    return str(
        stage.emulator.client("secretsmanager").get_secret_value(SecretId=f"picus/{NAME}/{name}")["SecretString"]
    )


def test_api_key_is_rotated_twice_without_an_outage(stage: RehearsedStage, capsys: pytest.CaptureFixture[str]) -> None:
    # The contract suite runs meanwhile, and would notice an outage, too.
    gateway = stage.emulator.client("apigateway")
    seen = {secret_sent(stage, "api")}
    with unnoticed(stage, "two rotations of the API key", capsys):
        for _ in range(2):
            change(stage, "rotate", "--secret=api-key")
            [key] = gateway.get_api_keys(includeValues=True)["items"]
            assert key["value"] == secret_sent(stage, "api") == current(stage, "api-key")
            seen.add(key["value"])
    assert len(seen) == 3


def test_origin_becomes_public_is_rotated_and_private_again(
    stage: RehearsedStage, contract_run: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = f"picus-{NAME}-private-origin", f"picus-{NAME}-public-origin"
    planned = change(stage, "plan", *PUBLIC, *SWITCH)
    assert f"Remove  {private}, after CloudFront uses the new load balancer" in planned
    with unnoticed(stage, "a change to a public origin, a rotation and a change back", capsys):
        change(stage, "deploy", *PUBLIC, *SWITCH)
        assert (private in statuses(stage), public in statuses(stage)) == (False, True)
        old = secret_sent(stage, "alb")
        assert old == current(stage, "alb")
        change(stage, "rotate", "--secret=origin", *PUBLIC)
        new = secret_sent(stage, "alb")
        assert old != new == current(stage, "alb")
        [rule] = [rule for rule in rules(stage) if not rule["IsDefault"]]
        assert rule["Conditions"][0]["HttpHeaderConfig"]["Values"] == [new]
        change(stage, "deploy", *SWITCH)
        assert (private in statuses(stage), public in statuses(stage)) == (True, False)


def rules(stage: RehearsedStage) -> list[Any]:
    elb, name = stage.emulator.client("elbv2"), stage.outputs("public-origin")["AlbDnsName"]
    [balancer] = [entry for entry in elb.describe_load_balancers()["LoadBalancers"] if entry["DNSName"] == name]
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    found: list[Any] = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    return found


def test_private_origin_and_unknown_secrets_are_not_rotated(stage: RehearsedStage) -> None:
    for secret, reason in (("origin", "a private origin has no secret"), ("password", "there is no secret 'password'")):
        refused = stage.command("rotate", f"--secret={secret}")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert reason in refused.stderr


def test_items_are_restored_by_the_commands_of_the_runbook(stage: RehearsedStage, tmp_path: Path) -> None:
    """The steps of docs/restoring.md for some items, with the AWS CLI and `./picus`."""
    table = stage.outputs("data")["TableName"]
    dynamodb = stage.emulator.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"object_id": {"S": "restored"}, "n": {"N": "1"}})
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=f"{table}_2", UseLatestRestorableTime=True
    )
    dynamodb.delete_item(TableName=table, Key={"object_id": {"S": "restored"}})
    file = tmp_path / "items.ndjson"
    stage.picus("export_items", str(file), DYNAMODB_TABLE_NAME=f"{table}_2")
    file.write_text("".join(line + "\n" for line in file.read_text().splitlines() if '"restored"' in line))
    stage.picus("import_items", str(file), DYNAMODB_TABLE_NAME=table)
    found = dynamodb.get_item(TableName=table, Key={"object_id": {"S": "restored"}})["Item"]
    assert found["n"] == {"N": "1"}
    dynamodb.delete_item(TableName=table, Key={"object_id": {"S": "restored"}})
    dynamodb.delete_table(TableName=f"{table}_2")
