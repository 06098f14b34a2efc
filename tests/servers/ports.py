"""Ports for servers that want to be told one."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import TextIO

HOST = "127.0.0.1"
# Below those that the system gives to outgoing connections: none of them is in the way once the server starts.
OURS = range(12_000, 32_000)

_held: dict[int, TextIO] = {}


def free_port() -> int:
    """A loopback port that nobody uses, and that no other test process is given as long as this one lives."""
    folder = Path(tempfile.gettempdir()) / f"fikiri-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.sample(OURS, len(OURS)):
        if port not in _held and _hold(folder / str(port), port):
            return port
    raise RuntimeError(f"No port from {OURS.start} to {OURS.stop} is free.")


def _hold(path: Path, port: int) -> bool:
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind((HOST, port))
    except OSError:  # held, or in use
        lock.close()
        return False
    _held[port] = lock
    return True
