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
    if _is_whole(name):
        _zappa("update", stage)
    else:
        remove(stage)  # what a run that was cut short has left: Zappa would neither deploy over it nor update it
        _zappa("deploy", stage)
    aws("lambda", "wait", "function-updated", "--function-name", name)


def plan(stage: Stage) -> list[str]:
    """What `publish` would do. The package's bytes depend on the commit alone."""
    found = _configuration(stage["FunctionName"])
    now = ((found or {}).get("Environment") or {}).get("Variables", {}).get("PICUS_COMMIT", "nothing")
    return [] if now == stage["Commit"] else [f"Modify  {stage['FunctionName']}: from {now} to {stage['Commit']}"]


def remove(stage: Stage) -> None:
    """Deletes the REST API and the function; what is not there is no error."""
    name = stage["FunctionName"]
    stacks.delete(name)
    if _configuration(name):
        aws("lambda", "delete-function", "--function-name", name)


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


def _is_whole(name: str) -> bool:
    api = stacks.find(name)
    return bool(
        api and api.status.endswith("_COMPLETE") and api.status not in stacks.STILLBORN and _configuration(name)
    )


def _configuration(name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = aws("lambda", "get-function-configuration", "--function-name", name)
    except AwsRefused as error:
        if "ResourceNotFoundException" in error.reason:
            return None
        raise
    return found
