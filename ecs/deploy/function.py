"""The delete function and its REST API: Zappa's work, with what the stage's stacks know.

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
ADVICE = "See Zappa's output above. The same command again goes on from whatever is there."


def publish(stage: Stage) -> None:
    """Deploys the package that `make package` built, or updates to it, and waits until it serves."""
    name = stage["FunctionName"]
    _write_settings(stage)
    _zappa(_command(stage), stage)
    aws("lambda", "wait", "function-updated", "--function-name", name)


def plan(stage: Stage) -> list[str]:
    """What `publish` would do. The package's bytes depend on the commit alone."""
    found = _configuration(stage["FunctionName"])
    now = ((found or {}).get("Environment") or {}).get("Variables", {}).get("PICUS_COMMIT", "nothing")
    return [] if now == stage["Commit"] else [f"Modify  {stage['FunctionName']}: from {now} to {stage['Commit']}"]


def remove(stage: Stage) -> None:
    """Deletes the REST API and the function; what is not there is no error."""
    name = stage["FunctionName"]
    leave_the_plan(stage)
    stacks.delete(name)
    if _configuration(name):
        aws("lambda", "delete-function", "--function-name", name)


def leave_the_plan(stage: Stage) -> None:
    """Takes the API's stage out of the api stack's usage plan, which neither can be deleted with; none is no error."""
    for plan in aws("apigateway", "get-usage-plans")["items"]:
        if plan["name"] == stage.stack("api"):
            for entry in plan.get("apiStages", []):
                left = f"op=remove,path=/apiStages,value={entry['apiId']}:{entry['stage']}"
                aws("apigateway", "update-usage-plan", "--usage-plan-id", plan["id"], "--patch-operations", left)


def open_to_the_edge_alone(stage: Stage) -> None:
    """Puts the api stack's key, plan and responses into effect, and takes away the key that Zappa made."""
    api, gateway_stage = stage["ApiId"], stage["ApiStage"]
    for key in aws("apigateway", "get-api-keys", "--name-query", f"{gateway_stage}_{api}")["items"]:
        aws("apigateway", "delete-api-key", "--api-key", key["id"])
    aws("apigateway", "create-deployment", "--rest-api-id", api, "--stage-name", gateway_stage)


def _write_settings(stage: Stage) -> None:
    """zappa_settings.json with the names that the stacks chose."""
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
    # --json is what keeps it from asking PyPI for a newer Zappa.
    options = ["--settings_file", SETTINGS, "--zip", PACKAGE, "--json"]
    arguments = [str(environment / "bin/python"), "-m", "zappa.cli", command, stage.name, *options]
    run(arguments, ADVICE, VIRTUAL_ENV=str(environment))


def _command(stage: Stage) -> str:
    """Zappa's, for what is there. What never worked goes first: Zappa would neither deploy over it nor update it."""
    name = stage["FunctionName"]
    api = stacks.find(name)
    if api is None or api.status in (*stacks.STILLBORN, "DELETE_FAILED"):
        remove(stage)
        return "deploy"
    _refuse_unsettled(api)
    # Where somebody deleted the function alone, `zappa deploy` makes it again, behind the API that is there.
    return "update" if _configuration(name) else "deploy"


def _refuse_unsettled(api: stacks.Stack) -> None:
    """Raises StepFailed for an API that serves, and that Zappa can't update as it is."""
    reason = f"the stack {api.name} is {api.status}"
    if api.status.endswith("_IN_PROGRESS"):
        raise StepFailed(reason, "Another deployment is running: wait for it.")
    if api.status == "UPDATE_ROLLBACK_FAILED":
        healing = f"aws cloudformation continue-update-rollback --stack-name {api.name}"
        raise StepFailed(reason, f"See why (describe-stack-events), mend it, then: {healing}")


def _configuration(name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = aws("lambda", "get-function-configuration", "--function-name", name)
    except AwsRefused as error:
        if "ResourceNotFoundException" in error.reason:
            return None
        raise
    return found
