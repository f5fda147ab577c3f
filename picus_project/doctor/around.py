"""Neither origin answers those who come around CloudFront."""

from picus_project.doctor.fetching import Answer
from picus_project.doctor.findings import Finding, judge

SUBJECT = "around the edge"


def check(origin: str, answer: Answer) -> Finding:
    """Judge an origin's answer to a request without the secret. None at all is as good: a firewall stands before it."""
    says = f"the {origin} origin answers {answer.status or 'nothing here (' + answer.reason + ')'} without its secret"
    return judge(SUBJECT, answer.status in (0, 403), says, "it must be 403: deploy ecs/service.yaml and ecs/api.yaml")
