"""The jobs of a drill: the same for the same seed, whoever asks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BULK = 10  # jobs enqueued at once
BURST_EVERY = 10.0  # seconds; half of the jobs come in bursts, so that there is a backlog to lose


@dataclass(frozen=True)
class Wish:
    """One job to enqueue. `cancel_after`: somebody cancels it so many seconds later."""

    key: str
    task: str
    arguments: dict[str, Any]
    priority: int = 5
    delay: float = 0
    cancel_after: float | None = None


WEIGHTS = {
    "drill_send": 40,
    "drill_send_blind": 5,
    "drill_slow": 5,
    "drill_flaky": 10,
    "drill_slices": 5,
    "drill_write": 15,
    "drill_quick": 17,
    "drill_refused": 3,
}


def groups(seed: int, jobs: int) -> Iterator[list[Wish]]:
    """What is enqueued together: mostly one job, now and then ten of a task."""
    dice = random.Random(f"{seed} wishes")  # noqa: S311 - a plan that can be repeated, no secret
    number = 0
    while number < jobs:
        size = min(BULK, jobs - number) if dice.random() < 0.03 else 1
        task = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        yield [_wish(dice, f"{seed}-{number + index}", task, alone=size == 1) for index in range(size)]
        number += size


def timed(seed: int, jobs: int, seconds: float) -> list[tuple[float, list[Wish]]]:
    """The groups with the second of the drill at which each is due, in that order."""
    due, number = [], 0
    for index, group in enumerate(groups(seed, jobs)):
        at = seconds * number / jobs
        due.append((at if index % 2 else at - at % BURST_EVERY, group))
        number += len(group)
    return sorted(due, key=lambda one: one[0])


def _wish(dice: random.Random, key: str, task: str, *, alone: bool) -> Wish:
    arguments: dict[str, Any] = {"key": key, "pause": round(dice.uniform(0, 0.05), 4)}
    if task == "drill_slow":
        arguments["seconds"] = round(dice.uniform(0.2, 1.5), 2)
    if not alone:
        return Wish(key, task, arguments)
    return Wish(
        key,
        task,
        arguments,
        priority=dice.randrange(10),
        delay=round(dice.uniform(0.5, 4), 1) if dice.random() < 0.1 else 0,
        cancel_after=round(dice.uniform(0, 1), 2) if dice.random() < 0.04 else None,
    )
