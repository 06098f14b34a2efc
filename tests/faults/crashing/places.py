"""`PLACE/JOB` as a file in the crash folder: the process that comes by with that job takes the file away and dies."""

import functools
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs import effects, executor, lifecycle
from jobs.lifecycle import Claim
from jobs.models import Effect

STEPS: dict[str, tuple[Any, str]] = {
    "claim": (lifecycle, "claim"),
    "perform": (executor, "perform"),
    "intent": (effects, "_take"),
    "effect": (effects, "_make"),
    "confirm": (effects, "_settle"),
    "settle": (executor, "settle"),
    "complete": (lifecycle, "complete"),
    "retry": (lifecycle, "retry"),
    "snooze": (lifecycle, "snooze"),
}
PLACES = [f"{when} {step}" for step in STEPS for when in ("before", "after")]


def folder() -> Path:
    return Path(os.environ["DRILL_FOLDER"]) / "crash"


def lie_in_wait() -> None:
    """Wrap every step. Called once, in each process."""
    for step, (module, name) in STEPS.items():
        setattr(module, name, _surrounded(step, getattr(module, name)))


def _surrounded(step: str, act: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(act)
    def surrounded(*args: Any, **kwargs: Any) -> Any:
        job = _job_of(args[0])
        _die_if_asked(f"before {step}", job)
        answer = act(*args, **kwargs)
        _die_if_asked(f"after {step}", job)
        return answer

    return surrounded


def _die_if_asked(place: str, job: object) -> None:
    try:
        (folder() / place / str(job)).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _job_of(first: Any) -> object:
    """The job that a step is about, from its first argument."""
    match first:
        case uuid.UUID():
            return first
        case Effect():
            return first.job_id
        case [(Claim() as claim, _), *_]:
            return claim.id
        case _:
            return first.id
