"""The last log lines of a run, kept for its attempt row."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LINES = 200
LINE_LIMIT = 500  # characters


class Lines(deque[str]):
    def __init__(self) -> None:
        super().__init__(maxlen=LINES)

    def text(self) -> str:
        return "\n".join(self)


_lines: ContextVar[Lines | None] = ContextVar("job_log_lines", default=None)


class KeepLines(logging.Handler):
    """Adds each record to the running job's lines."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = _lines.get()
        if lines is None:
            return
        try:
            message = record.msg.get("event", "") if isinstance(record.msg, dict) else record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the text: no reason to fail the task
            self.handleError(record)
            return
        lines.append(f"{record.levelname} {record.name}: {message}"[:LINE_LIMIT])


_attached = threading.Lock()


@contextmanager
def kept() -> Iterator[Lines]:
    """Collect this job's log lines while the block runs."""
    _attach()
    lines = Lines()
    token = _lines.set(lines)
    try:
        yield lines
    finally:
        _lines.reset(token)


def _attach() -> None:
    root = logging.getLogger()
    with _attached:
        if not any(isinstance(handler, KeepLines) for handler in root.handlers):
            root.addHandler(KeepLines())
