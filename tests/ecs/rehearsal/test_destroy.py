"""`make destroy`, which deletes everything but the table."""

from tests.ecs.rehearsal.rehearsed_stage import NAME, RehearsedStage, statuses


def test_destroy_requires_the_stage_name_twice(stage: RehearsedStage) -> None:
    before = statuses(stage)
    for options in ((), ("--confirm=",), ("--confirm=production",)):
        refused = stage.command("destroy", *options)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"make destroy STAGE={NAME} CONFIRM={NAME}" in refused.stderr
    assert statuses(stage) == before


def test_destroy_deletes_everything_but_the_table(stage: RehearsedStage, contract_run: tuple[int, str]) -> None:
    table = stage.outputs("data")["TableName"]
    dynamodb = stage.emulator.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"object_id": {"S": "kept"}})
    stage.scheduler.stop()
    for _ in range(2):  # the second run has nothing to do
        destroyed = stage.command("destroy", f"--confirm={NAME}")
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
        assert [name for name in statuses(stage) if f"-{NAME}" in name] == [f"picus-{NAME}-data"]
    assert stage.emulator.client("lambda").list_functions()["Functions"] == []
    assert dynamodb.get_item(TableName=table, Key={"object_id": {"S": "kept"}})["Item"] == {"object_id": {"S": "kept"}}
