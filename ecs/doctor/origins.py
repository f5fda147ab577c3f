"""Check that the two origins accept requests from CloudFront only."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecs.doctor.findings import Finding, judge
from ecs.doctor.http_get import GetResponse

LOAD_BALANCER, API_GATEWAY, ORIGIN_BYPASS = "load balancer", "API Gateway", "origin bypass"
# The origins' ids in ecs/edge.yaml, by subject, and the header fields with their secrets.
ORIGIN_IDS = {LOAD_BALANCER: "alb", API_GATEWAY: "api"}
SECRET_FIELDS = {LOAD_BALANCER: "x-origin-secret", API_GATEWAY: "x-api-key"}
FIX = "make deploy again; during a rotation, finish it with make rotate"
TLS_FIX = "a public load balancer needs a certificate: set AlbCertificateArn and AlbDomain, or Origin to private"
Config = Mapping[str, Any]


def origin_url(distribution: Config, subject: str) -> str:
    """Return the address at which CloudFront reaches an origin, without a slash at the end."""
    origin = _origin(distribution, subject)
    custom = origin["CustomOriginConfig"]
    secure = custom["OriginProtocolPolicy"] == "https-only"
    scheme, port = ("https", custom["HTTPSPort"]) if secure else ("http", custom["HTTPPort"])
    # As CloudFront sends the Host field: without a default port.
    host = origin["DomainName"] + ("" if port in (80, 443) else f":{port}")
    return f"{scheme}://{host}{origin.get('OriginPath', '')}"


def check_load_balancer(rules: Sequence[Config], distribution: Config) -> list[Finding]:
    """Judge DescribeRules' `Rules` of all listeners, and the secret that the distribution sends."""
    forwarding = [rule for rule in rules if any(action["Type"] == "forward" for action in rule.get("Actions", []))]
    unprotected = [str(rule.get("Priority")) for rule in forwarding if not _secrets(rule)]
    accepted = [secret for rule in forwarding for secret in _secrets(rule)]
    says = f"rules that forward without a secret: {', '.join(unprotected) or 'none'}"
    return [judge(LOAD_BALANCER, not unprotected, says, FIX), _check_secret(LOAD_BALANCER, distribution, accepted)]


def check_private(balancer: Config, ingress: Sequence[Config], distribution: Config) -> list[Finding]:
    """Judge a load balancer that CloudFront reaches through a VPC origin: no public address, and CloudFront alone."""
    scheme, sent = str(balancer.get("Scheme")), _origin(distribution, LOAD_BALANCER).get("VpcOriginConfig")
    addresses = [entry["CidrIp"] for rule in ingress for entry in rule.get("IpRanges", [])]
    addresses += [entry["CidrIpv6"] for rule in ingress for entry in rule.get("Ipv6Ranges", [])]
    admits = f"it admits the addresses {', '.join(addresses) or 'of CloudFront only'}"
    return [
        judge(LOAD_BALANCER, scheme == "internal" and bool(sent), f"it is {scheme}, behind a VPC origin", FIX),
        judge(LOAD_BALANCER, not addresses, admits, "remove the rules that ecs/private-origin.yaml does not have"),
    ]


def is_private(distribution: Config) -> bool:
    """Return True if the distribution uses a VPC origin."""
    return bool(_origin(distribution, LOAD_BALANCER).get("VpcOriginConfig"))


def check_tls(listeners: Sequence[Config], distribution: Config) -> Finding:
    """Judge whether CloudFront reaches a public load balancer by TLS only."""
    protocols = {str(listener["Protocol"]) for listener in listeners}
    policy = _origin(distribution, LOAD_BALANCER)["CustomOriginConfig"]["OriginProtocolPolicy"]
    says = f"it listens to {', '.join(sorted(protocols)) or 'nothing'}, CloudFront uses {policy}"
    return judge(LOAD_BALANCER, protocols == {"HTTPS"} and policy == "https-only", says, TLS_FIX)


def check_api_gateway(resources: Iterable[Config], keys: Sequence[str], distribution: Config) -> list[Finding]:
    """Judge the methods of the REST API, and whether the distribution sends one of the keys that open it."""
    methods = {
        f"{method} {resource['path']}": details.get("apiKeyRequired", False)
        for resource in resources
        for method, details in resource.get("resourceMethods", {}).items()
    }
    unprotected = [name for name, required in methods.items() if not required]
    says = f"methods without the key: {', '.join(unprotected) or ('none' if methods else 'no methods at all')}"
    fix = "make deploy again; zappa_settings.json must have api_key_required"
    protected = bool(methods) and not unprotected
    return [judge(API_GATEWAY, protected, says, fix), _check_secret(API_GATEWAY, distribution, keys)]


def check_origin_bypass(subject: str, response: GetResponse) -> Finding:
    """Judge an origin's response to a request without the secret: 403, or none if a firewall drops the request."""
    says = f"the {subject} responds {response.status or f'nothing ({response.reason})'} without the secret"
    return judge(ORIGIN_BYPASS, response.status in (0, 403), says, f"the response must be 403: {FIX}")


def _check_secret(subject: str, distribution: Config, accepted: Sequence[str]) -> Finding:
    fields = (_origin(distribution, subject).get("CustomHeaders") or {}).get("Items") or []
    sent = [str(entry["HeaderValue"]) for entry in fields if _is_secret(entry["HeaderName"], subject)]
    good = bool(sent) and sent[0] in accepted
    says = f"it {'accepts' if good else 'refuses'} the secret that CloudFront sends"
    return judge(subject, good, says, f"after a rotation, {FIX}")


def _origin(distribution: Config, subject: str) -> Config:
    origins: list[Config] = distribution["Origins"]["Items"]
    return next(origin for origin in origins if origin["Id"] == ORIGIN_IDS[subject])


def _secrets(rule: Config) -> list[str]:
    fields = [condition.get("HttpHeaderConfig", {}) for condition in rule.get("Conditions", [])]
    named = [field for field in fields if _is_secret(field.get("HttpHeaderName", ""), LOAD_BALANCER)]
    return [str(value) for field in named for value in field.get("Values", [])]


def _is_secret(name: str, subject: str) -> bool:
    return name.lower() == SECRET_FIELDS[subject]
