"""Unique jobs: what "the only one" means, as a slot that the database lets one job have at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from jobs import clock
from jobs.errors import Refused

WAITING_SLOT = ":waiting"
RUNNING_SLOT = ":running"


@dataclass(frozen=True)
class Unique:
    """One job at a time for a key.

    while_: `waiting` until it is claimed, `running` until it has ended, `latest`: one that runs and one that waits,
        whose arguments the newest call replaces. A number: one for each period of so many seconds.
    """

    key: str
    while_: Literal["waiting", "running", "latest"] | float = "running"


@dataclass(frozen=True)
class Slot:
    key: str
    scope: str
    slot: str


def slot_of(task: str, unique: Unique) -> Slot:
    """What is written on the job's row.

    Raises:
        Refused: the key is empty or too long, or the period is none.
    """
    if not 0 < len(unique.key) <= 200 or "\x00" in unique.key:
        raise Refused("unique key is to be 1 to 200 characters of text.", field="unique")
    key = f"{hashlib.sha256(task.encode()).hexdigest()[:12]}:{unique.key}"
    match unique.while_:
        case "waiting" | "running":
            return Slot(key, unique.while_, key)
        case "latest":
            return Slot(key, "latest", key + WAITING_SLOT)
        case float() | int() as period if period >= 1:
            bucket = int(clock.now().timestamp() // period)
            return Slot(key, "period", f"{key}@{bucket}")
        case other:
            raise Refused(
                f"unique while {other!r}: give waiting, running, latest or seconds from 1 on.", field="unique"
            )


def waiting_slot(key: str, scope: str) -> str:
    """The slot that a job takes when it waits (again)."""
    return key + WAITING_SLOT if scope == "latest" else key
