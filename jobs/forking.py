"""No child is born while another thread of its parent is in the midst of something.

A fork copies memory with all its locks, but only the thread that forks. What another thread holds at that moment, say
SQLite's lock for opening a file, stays shut in the child for ever: its first job hangs until the hard time limit.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 5.0  # seconds; what takes longer waits for a server or for another process, and holds no lock meanwhile

_lock = threading.Lock()
_here = threading.local()  # two threads may fork at once


@contextmanager
def held_off() -> Iterator[None]:
    """Forks wait until the block has ended: for threads that live beside a pool of processes."""
    with _lock:
        yield


def _before() -> None:
    _here.has_lock = _lock.acquire(timeout=PATIENCE)


def _after_in_parent() -> None:
    if _here.has_lock:
        _lock.release()


def _after_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # its holder is not here


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
