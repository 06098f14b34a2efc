"""The table of environment variables is the code's: each variable once, with its default."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fikiri.places import BASE
from tests.docs import pages

PAGE = pages.DOCS / "configuration.md"


def reads() -> Iterator[tuple[str, str | None]]:
    """Each place in the product that reads a variable, with its default where one is written out."""
    for folder in ("fikiri", "jobs", "email_automation", "crm"):
        for path in sorted((BASE / folder).rglob("*.py")):
            yield from _reads_of(path)
    yield from _reads_of(BASE / "flowerconfig.py")


def _reads_of(path: Path) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env" | "ports"))  # env.str("NAME"), ports.choose("NAME", ...)
                | ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name, _default(node)


def _default(call: ast.Call) -> str | None:
    """As a person writes it; None for one that is empty or worked out."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "default"), ast.Constant(value=""))
    try:
        value = ast.literal_eval(given)
    except ValueError:
        return None
    if isinstance(value, bool):
        return str(int(value))
    return (",".join(map(str, value)) if isinstance(value, list | dict) else str(value)) or None


READS = list(reads())
DEFAULTS = {name: default for name, default in READS if default is not None}


def test_the_table_names_every_variable_that_is_read_and_no_other() -> None:
    assert sorted(row[0].strip("`") for row in pages.rows(PAGE)) == sorted({name for name, _ in READS})


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_the_table_gives_the_default_of_the_code(name: str) -> None:
    documented = {row[0].strip("`"): row[1].strip("`") for row in pages.rows(PAGE)}
    assert documented[name] == DEFAULTS[name]
