"""The delete function and its REST API, which Zappa deploys with values of the stage's stacks.

Zappa names both the function and the stack of its REST API `picus-delete-<stage>`.
"""

import json
from typing import Any

from ecs.deploy import stacks
from ecs.deploy.aws import ROOT, AwsRefused, aws, run
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

PACKAGE = "build/delete_fn.zip"
SETTINGS = "build/zappa_settings.json"
# The path has no query. `requestId` is the X-Request-Id of API Gateway's own responses.
ACCESS_LOG_FORMAT = json.dumps(
    {
        name: f"$context.{variable}"
        for name, variable in {
            "time": "requestTime",
            "request_id": "requestId",
            "client": "identity.sourceIp",
            "method": "httpMethod",
            "path": "path",
            "status": "status",
            "duration_ms": "responseLatency",
            "error": "error.responseType",
        }.items()
    }
)
# The function's variables with the names of their values in the stage.
SETTINGS_OF_STAGE = {
    "DYNAMODB_TABLE_NAME": "TableName",
    "DYNAMODB_TOKENS_TABLE_NAME": "TokensTableName",
    "ANONYMOUS_SCOPES": "AnonymousScopes",
    "CORS_ALLOWED_ORIGINS": "CorsAllowedOrigins",
    "TTL_ATTRIBUTE": "TtlAttribute",
    "REQUIRE_IF_MATCH": "RequireIfMatch",
    "LOG_LEVEL": "LogLevel",
}
ADVICE = "See Zappa's output above. The same command continues from the present state."


def publish(stage: Stage) -> None:
    """Deploy the package that `make package` built, or update to it, and wait until Lambda runs it."""
    name = stage["FunctionName"]
    _write_settings(stage)
    command = _command(stage)
    _zappa(command, stage)
    if command == "deploy":
        _delete_key_of_zappa(stage)
    aws("lambda", "wait", "function-updated", "--function-name", name)


def plan(stage: Stage) -> list[str]:
    """Return what `publish` would change. The bytes of the package depend on the commit only."""
    found = _configuration(stage["FunctionName"])
    now = ((found or {}).get("Environment") or {}).get("Variables", {})
    commit = now.get("PICUS_COMMIT", "nothing")
    changed = [variable for variable, name in SETTINGS_OF_STAGE.items() if now.get(variable) != stage.get(name)]
    lines = (
        [] if commit == stage["Commit"] else [f"Modify  {stage['FunctionName']}: from {commit} to {stage['Commit']}"]
    )
    return [*lines, f"Modify  {stage['FunctionName']}: {', '.join(changed)}"] if found and changed else lines


def remove(stage: Stage) -> None:
    """Delete the REST API and the function, if they exist."""
    name = stage["FunctionName"]
    detach_usage_plan(stage)
    stacks.delete(name)
    if _configuration(name):
        aws("lambda", "delete-function", "--function-name", name)


def detach_usage_plan(stage: Stage) -> None:
    """Remove the API's stage from the usage plan of the api stack, because neither can be deleted with the other."""
    for plan in aws("apigateway", "get-usage-plans")["items"]:
        if plan["name"] == stage.stack("api"):
            for entry in plan.get("apiStages", []):
                removal = f"op=remove,path=/apiStages,value={entry['apiId']}:{entry['stage']}"
                aws("apigateway", "update-usage-plan", "--usage-plan-id", plan["id"], "--patch-operations", removal)


def allow_access_logs(stage: Stage) -> None:
    """Before the api stack is first made: let API Gateway write logs in this account, unless it can already.

    The pipeline has no permission for this, and needs none.
    """
    if stacks.find(stage.stack("api")) or aws("apigateway", "get-account").get("cloudwatchRoleArn"):
        return
    role = f"op=replace,path=/cloudwatchRoleArn,value={stage['GatewayLogsRoleArn']}"
    aws("apigateway", "update-account", "--patch-operations", role)


def activate_api(stage: Stage) -> None:
    """Deploy the API with the key, plan and responses of the api stack, and log its requests."""
    names = ("--rest-api-id", stage["ApiId"], "--stage-name", stage["ApiStage"])
    aws("apigateway", "create-deployment", *names)
    log = {"destinationArn": stage["ApiLogGroupArn"].removesuffix(":*"), "format": ACCESS_LOG_FORMAT}
    # JSON, because a comma would end a value of the CLI's shorthand.
    patch = [{"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in log.items()]
    aws("apigateway", "update-stage", *names, "--patch-operations", json.dumps(patch))


def _write_settings(stage: Stage) -> None:
    """Write Zappa's settings with the values of the stage. Raises StepFailed if zappa_settings.json lacks the stage."""
    settings: dict[str, Any] = json.loads((ROOT / "zappa_settings.json").read_text())
    if stage.name not in settings:
        raise StepFailed(f"zappa_settings.json has no stage {stage.name}", "Add it there, like `staging`.")
    settings[stage.name] |= {
        "aws_region": stage["Region"],
        "s3_bucket": stage["ZappaBucket"],
        "lambda_concurrency": int(stage["FunctionConcurrency"]) if stage["FunctionConcurrency"] else None,
        "aws_environment_variables": {
            **{variable: stage[name] for variable, name in SETTINGS_OF_STAGE.items()},
            "METRICS_NAMESPACE": f"Picus/{stage.name}",
            "PICUS_COMMIT": stage["Commit"],
        },
    }
    (ROOT / SETTINGS).write_text(json.dumps(settings, indent=4))


def _zappa(command: str, stage: Stage) -> None:
    environment = ROOT / ".venv-package"
    if not (ROOT / PACKAGE).exists():
        raise StepFailed(f"there is no {PACKAGE}", "Run `make package`.")
    # With --json Zappa does not ask PyPI for a newer version.
    options = ["--settings_file", SETTINGS, "--zip", PACKAGE, "--json"]
    arguments = [str(environment / "bin/python"), "-m", "zappa.cli", command, stage.name, *options]
    run(arguments, ADVICE, VIRTUAL_ENV=str(environment))


def _delete_key_of_zappa(stage: Stage) -> None:
    """Delete the API key that Zappa made with the API. No usage plan has it."""
    for key in aws("apigateway", "get-api-keys", "--name-query", f"{stage['ApiStage']}_{stage['ApiId']}")["items"]:
        aws("apigateway", "delete-api-key", "--api-key", key["id"])


def _command(stage: Stage) -> str:
    """Return Zappa's command for the present state, after removing an API that was never complete.

    Zappa can neither deploy over such an API nor update it.
    """
    name = stage["FunctionName"]
    api = stacks.find(name)
    if api is None or api.status in (*stacks.NEVER_CREATED, "DELETE_FAILED"):
        remove(stage)
        return "deploy"
    _refuse_unstable(api)
    # If only the function was deleted, `zappa deploy` makes it again behind the existing API.
    return "update" if _configuration(name) else "deploy"


def _refuse_unstable(api: stacks.StackState) -> None:
    """Raise StepFailed if the API serves but Zappa can't update it in this state."""
    reason = f"the stack {api.name} is {api.status}"
    if api.status.endswith("_IN_PROGRESS"):
        raise StepFailed(reason, "Another deployment is running: wait for it.")
    if api.status == "UPDATE_ROLLBACK_FAILED":
        healing = f"aws cloudformation continue-update-rollback --stack-name {api.name}"
        raise StepFailed(reason, f"Find the cause with describe-stack-events, fix it, then: {healing}")


def _configuration(name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = aws("lambda", "get-function-configuration", "--function-name", name)
    except AwsRefused as error:
        if "ResourceNotFoundException" in error.reason:
            return None
        raise
    return found
