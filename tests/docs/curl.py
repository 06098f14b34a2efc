"""The `curl` lines of a page, understood as far as the pages use them, so that tests need no curl."""

import json
import shlex
import urllib.error
import urllib.parse
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from tests.docs import pages


class _Parser(ArgumentParser):
    def error(self, message: str) -> Any:
        raise ValueError(f"the tests do not know this of curl: {message}")


_CURL = _Parser(add_help=False)
_CURL.add_argument("-H", dest="headers", action="append", default=[])
_CURL.add_argument("-X", dest="method")
_CURL.add_argument("-d", dest="body")
_CURL.add_argument("-G", dest="get", action="store_true")
_CURL.add_argument("--data-urlencode", dest="fields", action="append", default=[])
_CURL.add_argument("url")


@dataclass(frozen=True)
class Example:
    """The lines of one block, and the answer to the last of them that stands below it, if one does."""

    lines: tuple[str, ...]
    shown: Any

    def __str__(self) -> str:
        return self.lines[-1].split("127.0.0.1:8000")[-1].strip('"')


def examples(page: Path) -> Iterator[Example]:
    """Every block with `curl` lines; a JSON block right after it shows the answer."""
    found = pages.blocks(page)
    for block, following in zip(found, [*found[1:], None], strict=True):
        lines = tuple(line for line in block.text.splitlines() if line.startswith("curl "))
        shown = following and following.language == "json"
        if lines and block.language == "bash":
            yield Example(lines, json.loads(following.text) if following and shown else None)


def send(line: str, site: str, variables: Mapping[str, str]) -> tuple[int, Any]:
    """What a line gets from a site at another address: status and JSON."""
    words = [Template(word).substitute(variables) for word in shlex.split(line)[1:]]
    asked = _CURL.parse_args(words)
    headers = dict(header.split(": ", 1) for header in asked.headers)
    body = asked.body.encode() if asked.body else None
    method = asked.method or ("POST" if body else "GET")
    url = asked.url.replace("http://127.0.0.1:8000", site)
    if asked.get:
        url += "?" + urllib.parse.urlencode(dict(field.split("=", 1) for field in asked.fields))
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def fits(shown: Any, answered: Any) -> bool:
    """Whether an answer has the keys and types of the one that is shown. Null and "..." stand for anything."""
    match shown, answered:
        case (None, _) | (_, None) | ("...", _):
            return True
        case dict(), dict():
            return shown.keys() == answered.keys() and all(fits(shown[key], answered[key]) for key in shown)
        case list(), list():
            return not shown or (bool(answered) and fits(shown[0], answered[0]))
        case (bool(), _) | (_, bool()):
            return type(shown) is type(answered)
        case (int() | float(), int() | float()):
            return True
        case _:
            return type(shown) is type(answered)
