"""From where somebody acts: the surface, and the address where there is one. For the audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """`surface`: admin, REST, command, flower, celery; empty for code. `address`: of who asked, over the network."""

    surface: str = ""
    address: str = ""


_CODE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=_CODE)


def here() -> Origin:
    return _current.get()


@contextmanager
def coming_from(surface: str, address: str = "") -> Iterator[None]:
    """What is recorded within the block came from there."""
    token = _current.set(Origin(surface, address))
    try:
        yield
    finally:
        _current.reset(token)
