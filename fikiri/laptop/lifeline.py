"""Children that do not outlive their parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def ends_with_parent(by: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends the child a signal when the thread that starts it is gone, kill -9 included.

    Linux only; elsewhere the next start clears up. Call from the main thread, and from the parent itself.
    """
    parent = os.getpid()

    def tie() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # it died before the call above
            os.kill(os.getpid(), by)

    return tie
