"""Waiting that a signal ends at once, for a process that looks after others."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Waiter:
    """Made by `interrupts()`."""

    def __init__(self, wakeups: int) -> None:
        self._wakeups = wakeups
        self._asked_to_end = False

    def wait(self, seconds: float) -> None:
        """Until a child ends or the time is over. Raises KeyboardInterrupt when this process is asked to end."""
        if self._asked_to_end:  # a library caught the first one
            raise KeyboardInterrupt
        readable, _, _ = select.select([self._wakeups], [], [], seconds)
        if readable:
            os.read(self._wakeups, 4096)

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        self._asked_to_end = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def interrupts() -> Iterator[Waiter]:
    """SIGTERM and a closed terminal end this process like Ctrl-C, and the death of a child ends a `wait`."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    waiter = Waiter(reading)
    wakeup_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = {number: signal.signal(number, waiter.end) for number in ENDING}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _noticed)
    try:
        yield waiter
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup_before)
        os.close(reading)
        os.close(writing)


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Starting a process and noting it down, which Ctrl-C may only interrupt afterwards."""
    asked: list[int] = []
    before = {number: signal.signal(number, lambda *_: asked.append(1)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Clearing up, which a third Ctrl-C must not cut short."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _noticed(_number: int, _frame: FrameType | None) -> None:
    """The byte in the pipe is the message."""
