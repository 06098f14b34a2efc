"""What nobody is to read by the way: values whose name looks secret, or that a task declares sensitive.

The ledger holds them as they are; whatever shows them asks here. `jobs.revealing` is the one way around it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from jobs import registry
from jobs.legacy import result_of
from jobs.models import Job

MASK = "***"
DEEPEST = 50
SECRET = frozenset(
    [
        "apikey",
        "auth",
        "authorization",
        "bearer",
        "cookie",
        "cookies",
        "credential",
        "credentials",
        "cvv",
        "jwt",
        "key",
        "keys",
        "otp",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "pin",
        "private",
        "pwd",
        "secret",
        "secrets",
        "sessionid",
        "signature",
        "token",
    ]
)
ENDINGS = ("apikey", "cookie", "passwd", "password", "secret", "token")  # of words that are run together
RESULT = "result"  # declared sensitive, it is the whole of what the task returns
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_sensitive(name: str, declared: Collection[str] = ()) -> bool:
    """Whether a value of this name is masked: `token`, `apiKey`, `smtp_password`; not `tokens`, a number."""
    if name in declared:
        return True
    words = [word.lower() for word in _WORDS.findall(name)]
    return any(word in SECRET or word.endswith(ENDINGS) for word in words)


def masked(value: Any, declared: Collection[str] = (), *, deepest: int = DEEPEST) -> Any:
    """JSON with MASK in place of what is sensitive, at any depth; what is deeper than anybody reads is masked whole."""
    if deepest == 0:
        return MASK
    match value:
        case dict():
            return {name: _of(name, inner, declared, deepest) for name, inner in value.items()}
        case list():
            return [_within(inner, declared, deepest) for inner in value]
        case _:
            return value


def restored(given: Any, kept: Any) -> Any:
    """What was shown masked and came back unchanged is again what is kept."""
    if given == MASK:
        return kept
    if isinstance(given, dict) and isinstance(kept, dict):
        return {name: restored(inner, kept.get(name, inner)) for name, inner in given.items()}
    if isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        return [restored(inner, before) for inner, before in zip(given, kept, strict=True)]
    return given


def arguments(job: Job) -> Any:
    return masked(job.arguments, declared(job.task))


def result(job: Job) -> Any:
    """What a completed job returned."""
    return of_result(job.task, result_of(job))


def of_result(task: str, value: Any) -> Any:
    names = declared(task)
    return MASK if RESULT in names and value is not None else masked(value, names)


def declared(task: str) -> tuple[str, ...]:
    """The names that a task declares sensitive."""
    spec = registry.find(task)
    return spec.options.sensitive if spec else ()


def is_searchable(path: str) -> bool:
    """Whether jobs may be found by this argument: a search tells what a mask hides, guess by guess."""
    every = {name for task in registry.names() for name in declared(task)}
    return not any(is_sensitive(name, every) for name in path.split("."))


def _of(name: str, value: Any, declared: Collection[str], deepest: int) -> Any:
    hidden = value not in (None, "") and is_sensitive(name, declared)  # that it is empty may be seen
    return MASK if hidden else _within(value, declared, deepest)


def _within(value: Any, declared: Collection[str], deepest: int) -> Any:
    return masked(value, declared, deepest=deepest - 1) if isinstance(value, dict | list) else value
