"""The public domain serves the commit that was deployed."""

import json

from picus_project.doctor.fetching import Answer
from picus_project.doctor.findings import Finding, judge

SUBJECT = "version"
FIX = "if the circuit breaker rolled back, its service's events say why; else make deploy again"


def check(answer: Answer, tag: str, commit: str) -> list[Finding]:
    """Judge the answer to `GET /__version__` by the image's tag, and by a commit where one was asked for."""
    if answer.status != 200:
        return [judge(SUBJECT, False, f"/__version__ answers {answer.status or 'nothing'}: {answer.reason}", FIX)]
    served = _commit(answer.body)
    # The tag may be short or the whole; without one there is nothing to compare with.
    named = bool(tag) and (served.startswith(tag) or tag.startswith(served)) and served != ""
    found = [judge(SUBJECT, named, f"the domain serves {served or 'no commit'}, the image is {tag or 'untagged'}", FIX)]
    if commit:
        found.append(judge(SUBJECT, served == commit, f"the domain serves {served}, asked for was {commit}", FIX))
    return found


def _commit(body: bytes) -> str:
    try:
        return str(json.loads(body)["commit"])
    except (ValueError, KeyError, TypeError):
        return ""
