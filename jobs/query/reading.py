"""A query's text as words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.errors import Refused

LONGEST = 500  # characters
MOST = 20  # words

# -field:>value,value "more"  -- a field is letters, digits, dots and underscores
# Possessive (`++`), so that what does not match is refused in one pass, whoever wrote it.
WORD = re.compile(
    r"""(?P<negated>-)?
        (?:(?P<field>[A-Za-z_][\w.-]*):(?P<operator>[<>]=?)?)?
        (?P<values>(?:"[^"]*"|[^\s",]++|,)++|(?=\s|$))
        (?=\s|$)""",
    re.VERBOSE,
)
VALUE = re.compile(r'"([^"]*)"|([^",]+)|(,)')


class BadQuery(Refused):
    """A search that was not understood. The text names the word and the remedy."""

    def __init__(self, text: str) -> None:
        super().__init__(text, field="q", code="BAD_QUERY")


@dataclass(frozen=True)
class Word:
    """One condition: `field` is empty for free text, `values` are alternatives."""

    field: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        named = f"{self.field}:{self.operator}" if self.field else ""
        return f"{'-' if self.negated else ''}{named}{','.join(self.values)}"


def read(text: str) -> list[Word]:
    """The words of a text.

    Raises:
        BadQuery: too long, an open quote, a field without a value.
    """
    if len(text) > LONGEST:
        raise BadQuery(f"A search has at most {LONGEST} characters, this one {len(text)}.")
    if "\x00" in text:
        raise BadQuery("A search cannot hold a NUL.")
    words: list[Word] = []
    position = 0
    while rest := text[position:].lstrip():
        position = len(text) - len(rest)
        match = WORD.match(text, position)
        if not match:
            raise BadQuery(f"{rest[:40]!r} is not understood: is a quote left open?")
        words.append(_word(match))
        position = match.end()
    if len(words) > MOST:
        raise BadQuery(f"A search has at most {MOST} words, this one {len(words)}.")
    return words


def _word(match: re.Match[str]) -> Word:
    field = (match["field"] or "").lower() if not _is_argument(match["field"]) else match["field"]
    values = _values(match["values"]) if field else (_plain(match["values"]),)
    if not any(values):
        raise BadQuery(f"{match[0]!r} names no value." if field else f"{match[0]!r} says nothing.")
    return Word(field, match["operator"] or "", values, negated=bool(match["negated"]))


def _is_argument(field: str | None) -> bool:
    """Names of arguments keep their case."""
    return bool(field) and str(field).startswith("args.")


def _values(text: str) -> tuple[str, ...]:
    values = [""]
    for quoted, bare, comma in VALUE.findall(text):
        if comma:
            values.append("")
        else:
            values[-1] += quoted or bare
    return tuple(value for value in values if value)


def _plain(text: str) -> str:
    return text.replace('"', "")
