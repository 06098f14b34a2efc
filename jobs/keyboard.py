"""Single keys of a terminal, without waiting for Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ARROWS = {b"\x1b[A": "up", b"\x1b[B": "down", b"\x1b[C": "right", b"\x1b[D": "left"}

Next = Callable[[float], str]


@contextmanager
def keys() -> Iterator[Next]:
    """Gives a function that waits so many seconds for a key; the empty text where none came.

    The terminal is as it was when the block ends, however it does.
    """
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    try:
        tty.setcbreak(stdin)
        yield lambda seconds: _next(stdin, seconds)
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


def _next(stdin: int, seconds: float) -> str:
    ready, _, _ = select.select([stdin], [], [], max(0.0, seconds))
    pressed = os.read(stdin, 16) if ready else b""
    return ARROWS.get(pressed, pressed.decode(errors="replace")[:1])
