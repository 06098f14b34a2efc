"""How a search that is being typed may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jobs import masking, registry
from jobs.query.fields import FIELDS
from jobs.query.reading import BadQuery, read

MOST = 12


@dataclass(frozen=True)
class Suggestion:
    """`text` is the whole search with its last word completed."""

    text: str
    help: str


def suggest(text: str) -> list[Suggestion]:
    """Ways to complete the last word of a text; none where it is complete or not understood."""
    if text.count('"') % 2:  # within quotes: free words
        return []
    before, last = _last_word(text)
    sign = "-" if last.startswith("-") else ""
    field, colon, value = last.removeprefix("-").partition(":")
    offered = _values(field.lower(), value, before) if colon else _fields(field, before)
    return [Suggestion(f"{before}{sign}{word}", told) for word, told in offered][:MOST]


def _last_word(text: str) -> tuple[str, str]:
    start = max(text.rfind(character) for character in " \t\n") + 1
    return text[:start], text[start:]


def _fields(start: str, before: str) -> Iterable[tuple[str, str]]:
    for name, field in FIELDS.items():
        if name.startswith(start.lower()):
            yield f"{name}:", field.help
    for argument in _arguments(before):
        if f"args.{argument}".startswith(start):
            yield f"args.{argument}:", "an argument of the task"


def _values(field: str, typed: str, before: str) -> Iterable[tuple[str, str]]:
    chosen, comma, start = typed.rpartition(",")
    known = registry.names() if field == "task" else FIELDS[field].values if field in FIELDS else ()
    for value in known:
        if value.startswith(start) and value != start:
            yield f"{field}:{chosen}{comma}{value}", ""


def _arguments(before: str) -> list[str]:
    """Of the tasks that the text names."""
    try:
        tasks = [name for word in read(before) if word.field == "task" for name in word.values]
    except BadQuery:
        return []
    specs = [spec for name in tasks if (spec := registry.find(name))]
    arguments = {argument for spec in specs for argument in spec.signature.parameters}
    return sorted(argument for argument in arguments if masking.is_searchable(argument))
