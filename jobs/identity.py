"""Who runs a job: the worker's name, this start of it, and the process."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass

_boot = uuid.uuid4()  # children of a fork share their parent's
_name = f"local@{socket.gethostname()}"


@dataclass(frozen=True)
class Identity:
    name: str
    boot: uuid.UUID
    pid: int


def current() -> Identity:
    return Identity(_name, _boot, os.getpid())


def become(name: str) -> Identity:
    """Take a worker's name and a new boot id, before the pool forks."""
    global _boot, _name
    _boot = uuid.uuid4()
    _name = name
    return current()
