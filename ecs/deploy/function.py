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
ADVICE = "See Zappa's output above. The same command continues from the present state."


def publish(stage: Stage) -> None:
    """Deploy the package that `make package` built, or update to it, and wait until Lambda runs it."""
    name = stage["FunctionName"]
    _write_settings(stage)
    _zappa(_command(stage), stage)
    aws("lambda", "wait", "function-updated", "--function-name", name)


def plan(stage: Stage) -> list[str]:
    """Return what `publish` would change. The bytes of the package depend on the commit only."""
    found = _configuration(stage["FunctionName"])
    now = ((found or {}).get("Environment") or {}).get("Variables", {}).get("PICUS_COMMIT", "nothing")
    return [] if now == stage["Commit"] else [f"Modify  {stage['FunctionName']}: from {now} to {stage['Commit']}"]


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


def activate_api_key(stage: Stage) -> None:
    """Deploy the API with the key, plan and responses of the api stack, and delete the key that Zappa made."""
    api, gateway_stage = stage["ApiId"], stage["ApiStage"]
    for key in aws("apigateway", "get-api-keys", "--name-query", f"{gateway_stage}_{api}")["items"]:
        aws("apigateway", "delete-api-key", "--api-key", key["id"])
    aws("apigateway", "create-deployment", "--rest-api-id", api, "--stage-name", gateway_stage)


def _write_settings(stage: Stage) -> None:
    """Write Zappa's settings with the values of the stage. Raises StepFailed if zappa_settings.json lacks the stage."""
    settings: dict[str, Any] = json.loads((ROOT / "zappa_settings.json").read_text())
    if stage.name not in settings:
        raise StepFailed(f"zappa_settings.json has no stage {stage.name}", "Add it there, like `staging`.")
    settings[stage.name] |= {
        "aws_region": stage["Region"],
        "s3_bucket": stage["ZappaBucket"],
        "aws_environment_variables": {
            "DYNAMODB_TABLE_NAME": stage["TableName"],
            "CORS_ALLOWED_ORIGINS": stage["CorsAllowedOrigins"],
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
