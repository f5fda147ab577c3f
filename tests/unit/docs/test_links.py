"""Documentation names only what exists: files, headings, paths in commands, commands."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.unit.docs.pages import FOLDERS, PAGES, ROOT, anchors, broken_links, links, name, named_commands, named_paths

SOURCES = {".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".toml", ".yaml", ".yml"}

each_page = pytest.mark.parametrize("page", PAGES, ids=name)


@each_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    assert broken_links(page) == []


@each_page
def test_paths_in_command_blocks_exist(page: Path) -> None:
    assert [path for path in named_paths(page.read_text()) if not (ROOT / path).exists()] == []


@each_page
def test_named_commands_exist(page: Path) -> None:
    assert named_commands(page.read_text()) - set(get_commands()) == set()


def test_index_has_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    indexed = {(index.parent / target.partition("#")[0]).resolve() for target in links(index.read_text())}
    assert {page for page in (ROOT / "docs").rglob("*.md") if page != index} - indexed == set()


def test_pages_that_source_files_name_exist() -> None:
    named = {(page, name(path)) for path in _sources() for page in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text())}
    assert len(named) > 10
    assert [found for found in sorted(named) if not (ROOT / found[0]).exists()] == []


def _sources() -> list[Path]:
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts]
    return [path for path in [*inside, ROOT / "Makefile"] if path.suffix in SOURCES or path.name == "Makefile"]


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `heading`: two, words\n\n```sh\n# no heading\n```\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#a-heading-two-words) [c](https://example.com/x.md) ![d](none.png) "
        "[e](other.md#no-heading) [f](#nowhere)\n\n```\n[g](in-code.md)\n```\n"
    )
    assert broken_links(page) == ["none.png", "other.md#no-heading", "#nowhere"]


def test_paths_are_found_in_command_blocks_only() -> None:
    text = "`ecs/a.yaml`\n\n   ```sh\n   ./picus z; python manage.py y ecs/none.yaml .venv/bin/z  # tests/a\n   ```\n"
    assert named_paths(text) == {"manage.py", "ecs/none.yaml", "tests/a"}
    assert named_commands(text) == {"y", "z"}


def test_anchors_are_those_of_github() -> None:
    assert anchors("## Pages: `limit` and `cursor`\n## Settings of make run\n") == {
        "pages-limit-and-cursor",
        "settings-of-make-run",
    }
