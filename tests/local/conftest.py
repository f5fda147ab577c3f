"""Fixtures for the local stack's parts, and one whole stack for the tests that leave it as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.twin import Loop, Recorder, Twin, event_loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A running event loop."""
    with event_loop() as running:
        yield running


@pytest.fixture
def alb() -> Recorder:
    """The load balancer's place."""
    return Recorder("alb")


@pytest.fixture
def api() -> Recorder:
    """API Gateway's place."""
    return Recorder("api")


@pytest.fixture
def twin(loop: Loop, alb: Recorder, api: Recorder) -> Twin:
    """The edge by the product's own template."""
    return Twin.start(loop, alb, api)


@pytest.fixture
def template_copy(tmp_path: Path) -> Path:
    """A place for a template that a test changes."""
    return tmp_path / "edge.yaml"
