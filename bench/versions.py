"""What took part, in which version."""

import json
import subprocess
import sys
from pathlib import Path

from bench.packages import ZAPPA
from bench.servers import ROOT

_ASK = """
import importlib.metadata, json, platform, sys
print(json.dumps([f"Python {platform.python_version()}"] + [
    f"{name} {importlib.metadata.version(name)}" for name in sys.argv[1:]
]))
"""
OURS = ("django", "djangorestframework", "gunicorn", "pynamodb", "botocore", "urllib3")
PEERS = (
    "flask",
    "boto3",
    "gunicorn",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "aiobotocore",
    "aiohttp",
    "botocore",
)


def all_of_them() -> dict[str, str]:
    package = json.loads((Path(__file__).parent / "package-lock.json").read_text())
    dynoxide = package["packages"]["node_modules/@dynoxide/linux-x64"]["version"]
    return {
        "Picus": _in(ROOT / ".venv/bin/python", *OURS),
        "peers": _in(Path(sys.executable), *PEERS),
        "cold start": _in(Path(sys.executable), "awslambdaric") + "; " + _in(ZAPPA / "bin/python", "zappa", "pynamodb"),
        "local DynamoDB": f"dynoxide {dynoxide}, in memory",
    }


def _in(python: Path, *names: str) -> str:
    """The interpreter and these packages in its environment."""
    ran = subprocess.run([str(python), "-c", _ASK, *names], check=True, capture_output=True, text=True)
    return ", ".join(json.loads(ran.stdout))
