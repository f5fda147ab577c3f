"""The queries of docs/operate.md find what they say, in lines as the formatter writes them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from picus_api.core import audit, logs
from tests.unit.docs.pages import ROOT

PAGE = (ROOT / "docs/operate.md").read_text()
WHO = audit.caller("service", "203.0.113.9, 130.176.0.1", "10.0.0.1", "curl/8")
TOKEN = {"token": "Ab12Cd34", "label": "ci"}
REQUEST = {"method": "PUT", "path": "/picus/put/a%2Fb", "duration_ms": 1.5, "key": "a/b", "request_id": "the-id"}
CHANGE = {"action": "replace", "key": "a/b", "etag_before": '"1"', "etag_after": '"2"', "request_id": "the-id"}
BY_COMMAND = {"action": "import", "count": 3, "compute": "command", "client": "host", "user": "root"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write a log with a change by a token, its request, a refused request, and a command's change."""
    line = logs.JsonFormatter().info_line
    lines = [
        line("picus.audit", "change", CHANGE | WHO | TOKEN),
        line("picus.request", "request", REQUEST | WHO | TOKEN | {"status": 200}),
        line("picus.request", "request", {**REQUEST, "request_id": "2"} | WHO | {"token": "anonymous", "status": 401}),
        line("picus.audit", "change", BY_COMMAND | {"request_id": None}),
    ]
    path = tmp_path / "picus.log"
    path.write_text("".join(f"{each}\n" for each in lines))
    return path


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_jq_queries_find_their_lines(log: Path) -> None:
    queries = re.findall(r"^jq .+picus\.log.*$", PAGE, re.MULTILINE)
    assert len(queries) == 5
    found = [run(query, log.parent) for query in queries]
    time = json.loads(log.read_text().splitlines()[0])["time"]
    assert json.loads(found[0]) == [time, "service", "replace", "Ab12Cd34", "203.0.113.9", "the-id"]
    assert json.loads(found[1]) == [time, "replace", "a/b", None, "203.0.113.9"]
    assert found[2].split() == ["1", "Ab12Cd34"]
    assert found[3].split() == ["1", "203.0.113.9", "anonymous", "401"]
    assert [json.loads(line)["logger"] for line in found[4].splitlines()] == ["picus.audit", "picus.request"]


def run(query: str, folder: Path) -> str:
    done = subprocess.run(["bash", "-ec", query], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_insights_queries_name_fields_of_the_lines(log: Path) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
    known = {name for line in lines for name in line} | {"cause"}  # of the line "request failed"
    queries = re.findall(r"^```\n((?:fields|filter) .+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(queries) == 5
    for query in queries:
        named = re.sub(r'"[^"]*"|@\w+| as \w+|\d+|\b(?:requests|last|refused)\b', " ", query)
        words = set(re.findall(r"[a-z_]+", named)) - KEYWORDS
        assert words <= known, query


KEYWORDS = {"fields", "filter", "sort", "stats", "by", "and", "in", "desc", "asc", "count", "max"}
