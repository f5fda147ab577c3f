"""Fixtures for the local stack's parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.edge_harness import Loop, Recorder, event_loop, start_edge


@pytest.fixture
def loop() -> Iterator[Loop]:
    with event_loop() as running:
        yield running


@pytest.fixture
def alb() -> Recorder:
    return Recorder("alb")


@pytest.fixture
def api() -> Recorder:
    return Recorder("api")


@pytest.fixture
def edge_port(loop: Loop, alb: Recorder, api: Recorder) -> int:
    """Return the port of the local edge, with ecs/edge.yaml."""
    return start_edge(loop, alb, api)


@pytest.fixture
def template_copy(tmp_path: Path) -> Path:
    return tmp_path / "edge.yaml"
