"""A command that a page names exists, with the options that the page gives it."""

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import celery
import pytest
from celery.bin.celery import celery as celery_commands
from django.core.management import get_commands, load_command_class

from fikiri.places import BASE
from tests.docs import pages

MANAGE = re.compile(r"manage\.py\s+([a-z_]+)([^`#|;&)\n]*)")
SCRIPT = re.compile(r"(?<![\w/.])(bin/\w+|\.ci/\w+)([^`#|;&)\n]*)")
CELERY = re.compile(r"celery -A (\w+) (\w+)")
OPTION = re.compile(r"--[a-z][\w-]*")


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_management_command_exists_with_its_options(page: Path) -> None:
    assert [f"{name} {words}" for name, words in said(page, MANAGE) if not is_command(name, words)] == []


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_script_exists_with_its_options(page: Path) -> None:
    assert [f"{path} {words}" for path, words in said(page, SCRIPT) if not is_script(path, words)] == []


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_celery_command_exists_on_our_app(page: Path) -> None:
    wrong = [(app, name) for app, name in said(page, CELERY) if not is_celery_command(app, name)]
    assert wrong == []


def test_every_command_of_ours_is_in_the_table_of_commands() -> None:
    ours = {name for name, app in get_commands().items() if app in ("jobs", "fikiri", "email_automation", "crm")}
    told = {name for row in pages.rows(pages.DOCS / "commands.md") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == ours


def said(page: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What the page tells people to type: its shell blocks and what it quotes in a sentence. Old commands of a diff,
    which begin with a minus, are history."""
    shell = [block.text for block in pages.blocks(page, "bash", "console", "sh", "ini", "yaml")]
    diffs = [line[1:] for block in pages.blocks(page, "diff") for line in block.text.splitlines() if line[:1] != "-"]
    for text in [*shell, *diffs, *pages.inline_code(page)]:
        for match in pattern.finditer(text):
            yield match[1], match[2] if pattern.groups > 1 else ""


def is_command(name: str, words: str) -> bool:
    """A command of Django's or ours. `manage.py COMMAND` in a sentence is a placeholder and has capitals."""
    if name not in get_commands():
        return False
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    return set(options(words)) <= options_of(command.create_parser("manage.py", name))


def is_script(path: str, words: str) -> bool:
    if not (BASE / path).is_file():
        return False
    return all(option in (BASE / path).read_text() for option in options(words))


def is_celery_command(app: str, name: str) -> bool:
    return celery.current_app.main == app and name in {*celery_commands.commands, "flower"}


def options(words: str) -> list[str]:
    """The long options of a command line."""
    try:
        return [word for word in shlex.split(words) if OPTION.match(word)]
    except ValueError:  # cut inside quotes
        return OPTION.findall(words)


def options_of(parser: ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}
