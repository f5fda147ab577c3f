"""The Markdown pages of the repository: their links, headings and command blocks."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [".github", "bench", "delete_fn", "docs", "ecs", "picus_api", "picus_project", "tests"]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])

_CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    """Return the path of a page, relative to the repository."""
    return page.relative_to(ROOT).as_posix()


def links(text: str) -> list[str]:
    """Return the targets of links and images outside of code blocks, without those to other sites."""
    targets = re.findall(r"\]\(([^)\s]+)\)", _CODE.sub("", text))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file or to no heading."""
    return [target for target in links(page.read_text()) if not _resolves(page, target)]


def _resolves(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    if not anchor or found.suffix != ".md":
        return found.exists()
    return found.exists() and anchor in anchors(found.read_text())


def named_paths(text: str) -> set[str]:
    """Return the repository's paths that the command blocks of a page name."""
    words = re.findall(r"[\w./-]+", "\n".join(_COMMANDS.findall(text)))
    return {word for word in words if (word.partition("/")[0] in FOLDERS and "/" in word) or word == "manage.py"}


def named_commands(text: str) -> set[str]:
    """Return the commands of ``./picus`` or ``manage.py`` that a page names, in blocks or in sentences."""
    return set(re.findall(r"(?:manage\.py|\./picus) (\w+)\b", text)) - {"COMMAND"}
