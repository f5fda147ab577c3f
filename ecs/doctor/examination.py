"""All checks of a deployment. Templates are checked by tests/ecs/templates; here is what only AWS can tell."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ecs.deploy import indexes
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage
from ecs.doctor import access, origins, releases, roles, stacks, tables
from ecs.doctor.aws_reader import AwsReader, Unreachable, Unreadable, readable
from ecs.doctor.deployment import Deployment
from ecs.doctor.findings import Finding, unknown
from ecs.doctor.http_get import get
from picus_api.core import expiry


class Context(NamedTuple):
    """The arguments of all checks. `commit` is empty or the expected one, `package` is the function's built zip."""

    aws: AwsReader
    deployment: Deployment
    url: str
    commit: str
    package: Path


def examine(stage: str, *, url: str = "", commit: str = "", package: Path) -> Iterator[Finding]:
    """Yield findings as they are made; one that is UNKNOWN for each cause that kept subjects from being checked.

    `url` is the public address; if empty, the domain of the edge stack.
    """
    aws = AwsReader(stage)
    context = Context(aws, Deployment(aws), url, commit, package)
    causes: dict[str, list[str]] = {}
    for subject, check in CHECKS.items():
        try:
            with readable():
                findings = check(context)
            yield from findings
        except Unreachable as error:
            causes[str(error)] = ["AWS"]
            break
        except Unreadable as error:
            causes.setdefault(str(error), []).append(subject)
    for cause, subjects in causes.items():
        yield unknown(", ".join(subjects), cause, "check stage, region, credentials and clock")


def _table(context: Context) -> list[Finding]:
    deployment = context.deployment
    found = tables.check_item_table(deployment.table, deployment.backups)
    if wanted := releases.setting(deployment.task_definition, expiry.SETTING):
        found.append(tables.check_item_expiry(deployment.table, deployment.item_time_to_live, wanted))
    return found


def _indexes(context: Context) -> list[Finding]:
    try:
        wanted = indexes.parse(Stage(context.aws.stage)["Indexes"])
    except StepFailed as error:
        raise Unreadable(error.reason) from error
    return tables.check_indexes(context.deployment.table, wanted) if wanted else []


def _roles(context: Context) -> list[Finding]:
    # The roles in use, because they can differ from the roles of the stack.
    deployment = context.deployment
    table, idempotency_table = deployment.table["TableArn"], deployment.idempotency_table["TableArn"]
    tokens = {deployment.token_table["TableArn"]: roles.TOKEN_ACTIONS}
    service = {
        table: roles.SERVICE_ACTIONS,
        f"{table}/index/*": roles.INDEX_ACTIONS,
        idempotency_table: roles.IDEMPOTENCY_ACTIONS,
        **tokens,
    }
    function = {table: roles.FUNCTION_ACTIONS, **tokens}
    task_role, function_role = deployment.task_definition.get("taskRoleArn", ""), deployment.function["Role"]
    return [
        roles.check_role("service's role", context.aws.policies(task_role), service),
        roles.check_role("function's role", context.aws.policies(function_role), function),
    ]


def _load_balancer(context: Context) -> list[Finding]:
    deployment = context.deployment
    if origins.is_private(deployment.distribution):
        return origins.check_private(deployment.load_balancer, deployment.ingress, deployment.distribution)
    found = origins.check_load_balancer(deployment.listener_rules, deployment.distribution)
    return [*found, origins.check_tls(deployment.listeners, deployment.distribution)]


def _access(context: Context) -> list[Finding]:
    deployment, name = context.deployment, "ANONYMOUS_SCOPES"
    function = deployment.function.get("Environment", {}).get("Variables", {}).get(name, "")
    return access.check_access(releases.setting(deployment.task_definition, name), function, deployment.tokens)


def _origin_bypass(context: Context) -> list[Finding]:
    paths = {origins.LOAD_BALANCER: "/__lbheartbeat__", origins.API_GATEWAY: "/picus/-"}
    if origins.is_private(context.deployment.distribution):
        # A private load balancer has no address that could be reached from here.
        del paths[origins.LOAD_BALANCER]
    urls = {name: origins.origin_url(context.deployment.distribution, name) + path for name, path in paths.items()}
    return [origins.check_origin_bypass(name, get(url)) for name, url in urls.items()]


def _version(context: Context) -> list[Finding]:
    url = context.url or f"https://{context.aws.output('DomainName')}"
    deployed = releases.setting(context.deployment.task_definition, "PICUS_COMMIT")
    return [releases.check_version(get(f"{url.rstrip('/')}/__version__"), deployed, context.commit)]


CHECKS: dict[str, Callable[[Context], list[Finding]]] = {
    stacks.SUBJECT: lambda c: stacks.check_stacks(c.aws),
    tables.TABLE: _table,
    tables.INDEXES: _indexes,
    tables.IDEMPOTENCY_TABLE: lambda c: tables.check_idempotency_table(
        c.deployment.idempotency_table, c.deployment.time_to_live
    ),
    tables.TOKEN_TABLE: lambda c: tables.check_token_table(c.deployment.token_table, c.deployment.token_time_to_live),
    access.SUBJECT: _access,
    roles.SUBJECT: _roles,
    origins.LOAD_BALANCER: _load_balancer,
    origins.API_GATEWAY: lambda c: origins.check_api_gateway(
        c.deployment.api_resources, c.deployment.api_keys, c.deployment.distribution
    ),
    origins.ORIGIN_BYPASS: _origin_bypass,
    releases.SERVICE: lambda c: releases.check_service(c.deployment.service, c.deployment.task_definition),
    releases.FUNCTION: lambda c: releases.check_function(
        c.deployment.function, c.deployment.task_definition, c.package
    ),
    releases.VERSION: _version,
}
