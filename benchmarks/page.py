"""Puts what was measured into docs/performance.md, between the marks that name it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fikiri.places import BASE

PAGE = BASE / "docs" / "performance.md"
PICTURE = PAGE.with_suffix(".svg")


def record(name: str, tables: str, machine: Mapping[str, object]) -> None:
    """Replace one section of the page. The text around it is for people to keep true."""
    PAGE.write_text(replaced(PAGE.read_text(), name, f"{tables}\n\n{conditions(machine)}"))


def replaced(page: str, name: str, text: str) -> str:
    """The page with other text between `<!-- bench NAME -->` and the next `<!-- end -->`.

    Raises:
        ValueError: the page has no such section.
    """
    section = re.compile(rf"(<!-- bench {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, times = section.subn(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)
    if times != 1:
        raise ValueError(f"{PAGE.name} needs one section `<!-- bench {name} -->` ... `<!-- end -->`; it has {times}.")
    return changed


def conditions(machine: Mapping[str, Any]) -> str:
    """What it ran on, in a sentence."""
    versions = ", ".join(f"{name} {machine[name]}" for name in ("python", "celery", "redis", "django", "psycopg"))
    return (
        f"{datetime.now(UTC):%d %B %Y}: {machine['cores']} cores of {machine['processor']}, load by others "
        f"{machine['load_before']} when it began; {versions}."
    )
