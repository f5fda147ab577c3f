"""Check that each stack is complete, and made from the template of this checkout. Tests check the templates."""

from ecs.deploy.stacks import template_path
from ecs.doctor.aws_reader import AwsReader
from ecs.doctor.findings import Finding, judge

SUBJECT = "stacks"
COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def check_stacks(aws: AwsReader) -> list[Finding]:
    """Judge every stack that the stage has."""
    return [_check(aws, step, stack["StackName"], stack["StackStatus"]) for step, stack in aws.stacks.items()]


def _check(aws: AwsReader, step: str, name: str, status: str) -> Finding:
    path = template_path(step)
    body = aws.read("cloudformation", "get_template", "TemplateBody", StackName=name)
    same = str(body).strip() == path.read_text().strip()
    says = f"{name} is {status}, {'made from' if same else 'not made from'} ecs/{path.name} of this checkout"
    return judge(SUBJECT, same and status in COMPLETE, says, f"make deploy STAGE={aws.stage} OPTIONS='--only {step}'")
