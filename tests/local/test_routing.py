"""For every target, the behaviour of ecs/edge.yaml and the compute that owns the route agree."""

import pytest
from django.urls import Resolver404, resolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from picus_api.core.request_target import RequestTarget, parse_request_target
from tests.local.edge_harness import distribution

DISTRIBUTION = distribution()
SEGMENTS = [
    "picus",
    "list",
    "put",
    "get",
    "k",
    "",
    ".",
    "..",
    "Picus",
    "lists",
    "schema",
    "docs",
    "__heartbeat__",
    "a b",
]


def owner(target: RequestTarget) -> str:
    """Return the origin whose compute owns the target, by the table "One domain" of the contract."""
    match target.segments:
        case ["picus", "list"] | ["picus", "list", ""] | ["picus", "put"]:
            return "alb"
        case ["picus", "put" | "get", _, *_]:
            return "alb"
        case ["picus", _, *_]:
            return "api"
    return "alb"


def origin(target: RequestTarget) -> str:
    return DISTRIBUTION.behaviour(target).origin.id


@st.composite
def raw_targets(draw: st.DrawFn) -> str:
    """Return a target of known and odd segments, each character spelled plainly or percent-encoded."""
    texts = draw(st.lists(st.one_of(st.sampled_from(SEGMENTS), st.text(st.characters(max_codepoint=0x7E))), max_size=6))
    separators = [draw(st.sampled_from(["/", "/", "/", "/", "%2F", "%2f", "//"])) for _ in texts[1:]]
    spelled = [_spelled(draw, text) for text in texts]
    path = "/" + "".join(part + separator for part, separator in zip(spelled, [*separators, ""], strict=bool(texts)))
    authority = draw(st.sampled_from(["", "", "http://h", "HTTPS://h:443"]))
    return authority + path + draw(st.sampled_from(["", "?", "?a=/picus/list"]))


def _spelled(draw: st.DrawFn, text: str) -> str:
    encoded = [f"%{ord(character):02x}" for character in text]
    plain = [c if c.isalnum() or c in "-._~!$&'()*+,;=:@" else e for c, e in zip(text, encoded, strict=True)]
    return "".join(draw(st.sampled_from(pair)) for pair in zip(plain, encoded, strict=True))


@given(raw_targets())
@example("/picus%2Fput/folder/victim")
@example("/picus/put%2Fvictim")
@example("/%70icus/%67et/k")
@example("//picus/list")
@example("/picus//list")
@example("/picus/x/../list")
@example("/picus/%2e%2e/picus/list")
@settings(max_examples=300, deadline=None)
def test_edge_and_compute_agree_on_random_targets(raw: str) -> None:
    target = parse_request_target(raw)
    assert origin(target) == owner(target)


@given(raw_targets())
@settings(max_examples=300, deadline=None)
def test_targets_that_the_service_serves_reach_it(raw: str) -> None:
    target = parse_request_target(raw)
    try:
        resolve(target.route_path)
    except Resolver404:
        return
    assert origin(target) == "alb"


@pytest.mark.parametrize(
    "path", ["/", "/picus/list", "/picus/list/", "/picus/put", "/picus/put/k", "/picus/get/a%2Fb", "/docs/"]
)
def test_every_service_route_resolves_and_reaches_it(path: str) -> None:
    target = parse_request_target(path)
    assert resolve(target.route_path)
    assert origin(target) == "alb"
