"""The last step: the public domain serves this commit, and an item goes in, comes out and goes away."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

POLL_SECONDS = 1.0
ADVICE = "`manage.py doctor --stage {}` looks for the cause."


def test(stage: Stage) -> None:
    """Raises StepFailed for the first thing that is not as it should be."""
    url, advice = stage["Url"], ADVICE.format(stage.name)
    _wait_for_commit(url, stage["Commit"], float(stage["SmokeSeconds"]), advice)
    steps = (
        ("POST", "/picus/put", 201),
        ("GET", "/picus/get/{key}", 200),
        ("DELETE", "/picus/{key}", 200),
        ("GET", "/picus/get/{key}", 404),
    )
    key = ""
    for method, path, expected in steps:
        status, body = request(method, url + path.format(key=key))
        if status != expected:
            raise StepFailed(f"{method} {path} is {status} instead of {expected}: {body}", advice)
        key = key or body["object_id"]
    print(f"Picus serves {url}/picus/list")


def request(method: str, url: str) -> tuple[int, Any]:
    """The status and the JSON of an answer; 0 and the reason where there is none."""
    content = (
        {"data": b'{"picus": "smoke"}', "headers": {"Content-Type": "application/json"}} if method == "POST" else {}
    )
    try:
        with urllib.request.urlopen(  # noqa: S310 -- the stage's own address
            urllib.request.Request(url, method=method, **content),  # type: ignore[arg-type]  # noqa: S310
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
            raise StepFailed(f"{url}/__version__ is not {commit} after {seconds:.0f} s but {status} {body}", advice)
        time.sleep(POLL_SECONDS)
