"""A process of a worker's pool: it may end itself, since its parent settles what it left and forks another."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import NoReturn

PR_SET_PDEATHSIG = 1

_is_child = False


def become() -> None:
    """Called in each new pool process."""
    global _is_child
    _is_child = True
    die_with_parent()


def is_child() -> bool:
    return _is_child


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent is gone, so that no orphan runs on unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end() -> NoReturn:
    """Leave at once. A SystemExit let out of a task would end the whole worker."""
    os._exit(1)


def kill() -> None:
    """End this process in the middle of what it does."""
    os.kill(os.getpid(), signal.SIGKILL)
