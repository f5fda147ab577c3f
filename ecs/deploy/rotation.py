"""Rotate a secret of the origins while requests run: `make rotate STAGE=… SECRET=origin|api-key`.

1. Secrets Manager makes a new value, as a version that is pending.
2. The origin accepts the old and the new version.
3. CloudFront sends the new version.
4. The new version becomes the current one, and the origin accepts only this version.

The templates name versions, so a step that is interrupted changes nothing by itself. The same command then continues.
"""

import tempfile
from collections.abc import Callable, Mapping

from ecs.deploy import origin, stacks
from ecs.deploy.aws import aws
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage, stack_name

PENDING, CURRENT = "AWSPENDING", "AWSCURRENT"
# Letters and digits only: in a listener rule * and ? are wildcards, and API Gateway accepts no other characters.
NEW_VALUE = ("--password-length", "40", "--exclude-punctuation", "--no-include-space")


def rotate(stage: Stage, secret: str) -> None:
    """Rotate one secret of a stage. Raises StepFailed."""
    if secret not in SECRETS:
        raise StepFailed(f"there is no secret {secret!r}", f"Set SECRET= to {' or '.join(SECRETS)}.")
    for name in ("registry", "network", "security"):
        stage.add_outputs(stacks.find(stack_name(stage.name, name)))
    SECRETS[secret](stage)
    print(f"rotated the secret {secret} of {stage.name}")


def _rotate_origin(stage: Stage) -> None:
    """Rotate the secret that CloudFront sends to a public load balancer."""
    if stage["Origin"] != "public":
        raise StepFailed("a private origin has no secret", "Only the secret api-key can be rotated.")
    origin.read_outputs(stage)
    name, step = stage["AlbSecret"], origin.template(stage)
    begun = _parameters(stage, step).get("NextAlbSecretVersion", "").removeprefix(_reference(""))
    new = begun or _pending(name) or _new_version(name)
    _apply(stage, step, {"NextAlbSecretVersion": _reference(new)})
    _apply(stage, "edge", {"AlbSecretVersion": _reference(new)})
    _make_current(name, new)
    _apply(stage, step, {"AcceptedAlbSecretVersion": _reference(new), "NextAlbSecretVersion": ""})


def _rotate_api_key(stage: Stage) -> None:
    """Rotate the API key. The value of a key can't change, so the new one is another key of the same usage plan."""
    name, now = stage["ApiKeySecret"], _parameters(stage, "api")
    is_begun = now.get("Keys") == "both"
    new = _pending(name) or (_version_with(name, CURRENT) if is_begun else _new_version(name))
    free, old = ("first", "second") if now.get("Keys") == "second" else ("second", "first")
    if is_begun and now.get("FirstKeyVersion") == _reference(new):
        free, old = "first", "second"
    _apply(stage, "api", {"Keys": "both", f"{free.title()}KeyVersion": _reference(new)})
    _apply(stage, "edge", {"ApiKeyVersion": _reference(new)})
    _make_current(name, new)
    _apply(stage, "api", {"Keys": free, f"{old.title()}KeyVersion": ""})


SECRETS: Mapping[str, Callable[[Stage], None]] = {"origin": _rotate_origin, "api-key": _rotate_api_key}


def _reference(version: str) -> str:
    """Return how a dynamic reference of CloudFormation names a version."""
    return f":SecretString:::{version}"


def _parameters(stage: Stage, step: str) -> Mapping[str, str]:
    found = stacks.find(stage.stack(step))
    if found is None:
        raise StepFailed(f"there is no stack {stage.stack(step)}", f"make deploy STAGE={stage.name}")
    return found.parameters


def _apply(stage: Stage, step: str, parameters: Mapping[str, str]) -> None:
    """Update a stack, wait, and change nothing but these parameters."""
    print(f"{step}: {', '.join(parameters)}", flush=True)
    stacks.apply(stage.stack(step), step, parameters)


def _new_version(secret: str) -> str:
    """Make a value, and return the id of its version. The value goes through a file that only this user can read."""
    value = aws("secretsmanager", "get-random-password", *NEW_VALUE)["RandomPassword"]
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(value)
        file.flush()
        given = ("--secret-string", f"file://{file.name}", "--version-stages", PENDING)
        return str(aws("secretsmanager", "put-secret-value", "--secret-id", secret, *given)["VersionId"])


def _pending(secret: str) -> str:
    return _version_with(secret, PENDING)


def _version_with(secret: str, label: str) -> str:
    versions: Mapping[str, list[str]] = aws("secretsmanager", "describe-secret", "--secret-id", secret)[
        "VersionIdsToStages"
    ]
    return next((version for version, labels in versions.items() if label in labels), "")


def _make_current(secret: str, version: str) -> None:
    move = ("update-secret-version-stage", "--secret-id", secret, "--version-stage")
    old = _version_with(secret, CURRENT)
    if old != version:
        aws("secretsmanager", *move, CURRENT, "--move-to-version-id", version, "--remove-from-version-id", old)
    if _pending(secret) == version:
        aws("secretsmanager", *move, PENDING, "--remove-from-version-id", version)
