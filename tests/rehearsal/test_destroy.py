"""The last of the rehearsal: the stage goes, and the table stays."""

from tests.rehearsal.staging import NAME, Staging, statuses


def test_destroy_wants_the_stages_name_again(stage: Staging) -> None:
    before = statuses(stage)
    for options in ((), ("--confirm=",), ("--confirm=production",)):
        refused = stage.command("destroy", *options)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"make destroy STAGE={NAME} CONFIRM={NAME}" in refused.stderr
    assert statuses(stage) == before


def test_destroy_takes_down_all_but_the_table(stage: Staging, contract_run: tuple[int, str]) -> None:
    table = stage.outputs("data")["TableName"]
    dynamodb = stage.cloud.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"object_id": {"S": "kept"}})
    stage.fargate.stop()
    for _ in range(2):  # the second time there is nothing left to do
        destroyed = stage.command("destroy", f"--confirm={NAME}")
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
        assert [name for name in statuses(stage) if f"-{NAME}" in name] == [f"picus-{NAME}-data"]
    assert stage.cloud.client("lambda").list_functions()["Functions"] == []
    assert dynamodb.get_item(TableName=table, Key={"object_id": {"S": "kept"}})["Item"] == {"object_id": {"S": "kept"}}
