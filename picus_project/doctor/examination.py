"""The whole examination: each subject is read, then judged; what can't be read is said, and the rest goes on."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from picus_project.doctor import (
    around,
    balancer,
    clock,
    edge,
    fetching,
    function,
    gateway,
    records,
    roles,
    service,
    table,
    times,
    versions,
)
from picus_project.doctor.account import Account, Unreadable
from picus_project.doctor.deployment import Deployment
from picus_project.doctor.findings import Finding, unknown
from picus_project.doctor.rest_api import RestApi


class Case(NamedTuple):
    """What is examined, and by what it is measured."""

    account: Account
    deployment: Deployment
    rest_api: RestApi
    url: str
    commit: str
    package: Path


def examine(stage: str, *, url: str = "", commit: str = "", package: Path) -> Iterator[Finding]:
    """Findings as they are made, the clock first: with a wrong one AWS refuses everything else."""
    account = Account(stage)
    case = Case(account, Deployment(account), RestApi(account), url, commit, package)
    for subject, examination in EXAMINATIONS.items():
        try:
            yield from examination(case)
        except Unreadable as error:
            yield unknown(subject, str(error), "check the stage, the region and the credentials; was it deployed?")


def _clock(case: Case) -> list[Finding]:
    # Not signed, so that it is answered whatever the clock.
    answer = fetching.get(case.account.client("dynamodb").meta.endpoint_url)
    return [clock.check(answer.date, datetime.now(UTC))]


def _table(case: Case) -> list[Finding]:
    return table.check(case.deployment.table, case.deployment.backups)


def _records(case: Case) -> list[Finding]:
    return records.check(case.deployment.records, case.deployment.expiry)


def _roles(case: Case) -> list[Finding]:
    # The roles that run, not those that a stack made.
    service_role = _role_name(case.deployment.definition.get("taskRoleArn", ""))
    function_role = _role_name(case.deployment.function["Role"])
    arn, records_arn = case.deployment.table["TableArn"], case.deployment.records["TableArn"]
    for_service = {arn: roles.SERVICE_ACTIONS, records_arn: roles.RECORDS_ACTIONS}
    return [
        *roles.check("service's role", case.account.policies(service_role), for_service),
        *roles.check("function's role", case.account.policies(function_role), {arn: roles.FUNCTION_ACTIONS}),
    ]


def _role_name(arn: str) -> str:
    if not arn:
        raise Unreadable("the task has no role")
    return arn.rpartition("/")[2]


def _edge(case: Case) -> list[Finding]:
    return edge.check(case.deployment.distribution)


def _balancer(case: Case) -> list[Finding]:
    sent = edge.secret(case.deployment.distribution, edge.ALB, "x-origin-secret")
    return balancer.check(case.deployment.rules, case.deployment.target_group, sent)


def _gateway(case: Case) -> list[Finding]:
    sent = edge.secret(case.deployment.distribution, edge.API, "x-api-key")
    return gateway.check(case.rest_api.api, case.rest_api.resources, case.rest_api.plans, case.rest_api.keys, sent)


def _around(case: Case) -> list[Finding]:
    paths = {edge.ALB: "/__lbheartbeat__", edge.API: "/picus/-"}
    return [
        around.check(name, fetching.get(edge.origin_url(case.deployment.distribution, name) + path))
        for name, path in paths.items()
    ]


def _service(case: Case) -> list[Finding]:
    return service.check(case.deployment.service, case.deployment.definition)


def _function(case: Case) -> list[Finding]:
    found = case.deployment
    role_arn = case.account.output("FunctionRoleArn")
    expected = function.Expected(found.table_name, service.image_tag(found.definition), role_arn, case.package)
    return function.check(found.function, expected)


def _times(case: Case) -> list[Finding]:
    found = case.deployment
    return times.check(
        times.Times(
            edge_keepalive=found.edge_seconds(edge.ALB, "OriginKeepaliveTimeout"),
            edge_api_read=found.edge_seconds(edge.API, "OriginReadTimeout"),
            balancer_idle=found.balancer_seconds("idle_timeout.timeout_seconds"),
            deregistration=found.target_seconds("deregistration_delay.timeout_seconds"),
            stop=found.stop_seconds,
            function=int(found.function["Timeout"]),
            gunicorn=found.gunicorn,
        )
    )


def _versions(case: Case) -> list[Finding]:
    url = case.url or f"https://{case.account.output('DomainName')}"
    answer = fetching.get(f"{url.rstrip('/')}/__version__")
    return versions.check(answer, service.image_tag(case.deployment.definition), case.commit)


EXAMINATIONS: dict[str, Callable[[Case], list[Finding]]] = {
    clock.SUBJECT: _clock,
    table.SUBJECT: _table,
    records.SUBJECT: _records,
    "roles": _roles,
    edge.SUBJECT: _edge,
    balancer.SUBJECT: _balancer,
    gateway.SUBJECT: _gateway,
    around.SUBJECT: _around,
    service.SUBJECT: _service,
    function.SUBJECT: _function,
    times.SUBJECT: _times,
    versions.SUBJECT: _versions,
}
