"""The project's pages as data: code blocks, links, headings, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fikiri.places import BASE

DOCS = BASE / "docs"
PAGES = sorted([BASE / "README.md", BASE / "CHANGELOG.md", *DOCS.glob("*.md")])
NOT_RUN = "# not run: "  # the first line of a block that the tests pass by, with the reason for readers to see

_FENCE = re.compile(r"^( *)```(\w*)(?: (\w+))?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """One fenced block. `line` is that of its first line of code, counted from 1; `of` is what a diff is a diff of."""

    page: Path
    line: int
    language: str
    of: str
    text: str

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """A page's path inside the project."""
    return str(page.relative_to(BASE))


def blocks(page: Path, *languages: str) -> list[Block]:
    """A page's fenced blocks in these languages, in order; without any, all of them."""
    text = page.read_text()
    found = [
        Block(page, text.count("\n", 0, match.start(4)) + 1, match[2], match[3] or "", _dedented(match[4], match[1]))
        for match in _FENCE.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def inline_code(page: Path) -> list[str]:
    """What stands between single backticks."""
    return _CODE.findall(prose(page))


def links(page: Path) -> list[str]:
    """Where a page's links and pictures point."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked, as GitHub makes them."""
    titles = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", _LINK.sub("", title).lower()).strip().replace(" ", "-") for title in titles}


def rows(page: Path) -> Iterator[list[str]]:
    """The cells of every table row, headings and rules left out."""
    for line in prose(page).splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _dedented(text: str, indent: str) -> str:
    """A block inside a list, without the list's indent."""
    return "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
