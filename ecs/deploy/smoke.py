"""Test the public domain as the last step: wait for the commit, then use an item, or expect refusals."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

POLL_SECONDS = 1.0
ADVICE = "Look for the cause: ./picus doctor --stage {}"


def test(stage: Stage) -> None:
    """Test the public domain of a stage. Raises StepFailed at the first wrong response."""
    url, advice = stage["Url"], ADVICE.format(stage.name)
    _wait_for_commit(url, stage["Commit"], float(stage["SmokeSeconds"]), advice)
    key = ""
    for method, path, expected in requests(stage["AnonymousScopes"]):
        status, body = request(method, url + path.format(key=key))
        if status != expected:
            raise StepFailed(f"{method} {path} responds {status} instead of {expected}: {body}", advice)
        key = key or (body["object_id"] if status == 201 else "")
    print(f"Picus serves {url}/picus/list")


def requests(anonymous_scopes: str) -> list[tuple[str, str, int]]:
    """Return methods, paths and expected statuses of requests without a token. They leave no item behind."""
    scopes = set(anonymous_scopes.split(","))
    if scopes == {"read", "write", "delete"}:
        return [
            ("POST", "/picus/put", 201),
            ("GET", "/picus/get/{key}", 200),
            ("DELETE", "/picus/{key}", 200),
            ("GET", "/picus/get/{key}", 404),
        ]
    refusals = [("POST", "/picus/put", 401)] if "write" not in scopes else []
    # A deletion of no item is a 412, because `request` sends If-Match, which REQUIRE_IF_MATCH requires.
    read, delete = 404 if "read" in scopes else 401, 412 if "delete" in scopes else 401
    return [("GET", "/picus/get/picus-smoke", read), ("DELETE", "/picus/picus-smoke", delete), *refusals]


def request(method: str, url: str) -> tuple[int, Any]:
    """Return the status and the JSON of a response, or 0 and the reason if there is no response."""
    content: dict[str, Any] = {"headers": {"If-Match": "*"} if method == "DELETE" else {}}
    if method == "POST":
        content = {"data": b'{"picus": "smoke"}', "headers": {"Content-Type": "application/json"}}
    try:
        with urllib.request.urlopen(  # noqa: S310 -- the address of the stage
            urllib.request.Request(url, method=method, **content),  # noqa: S310
            timeout=30,
        ) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.read(1000).decode(errors="replace")
    except (OSError, ValueError) as error:
        return 0, str(error)


def _wait_for_commit(url: str, commit: str, seconds: float, advice: str) -> None:
    deadline = time.monotonic() + seconds
    while True:
        status, body = request("GET", f"{url}/__version__")
        if status == 200 and body.get("commit") == commit:
            return
        if time.monotonic() > deadline:
            raise StepFailed(f"{url}/__version__ does not show {commit} after {seconds:.0f} s: {status} {body}", advice)
        time.sleep(POLL_SECONDS)
