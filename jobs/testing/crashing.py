"""A process that dies at a named point, without any process dying: nothing behind that point is done or written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest import mock

from jobs import context, effects, executor, lifecycle
from jobs.errors import Refused

POINTS = {
    "after claim": "the job is taken, nothing of it has run",
    "before effect": "the effect is written down and not made",
    "after effect": "the effect is made and not confirmed",
    "after checkpoint": "a checkpoint is kept",
    "before settle": "the task is done, its outcome not written",
    "after settle": "the outcome is written",
}


class Crashed(BaseException):
    """The process is dead: not an error that a task could catch, nor one that is settled."""


@contextmanager
def crash(at: str, *, task: str | None = None, times: int = 1) -> Iterator[None]:
    """Let the process that runs a job die at a point, while the block runs.

    `drain` then does what the dispatcher does: the job goes back and runs again, or is put aside as `dead` when it has
    killed its process twice. Without `drain`, Crashed comes out and the ledger stays as the dead process left it.

    Args:
        at: One of POINTS.
        task: Only jobs of this task.
        times: How often. A crash that never came fails the block.
    """
    if at not in POINTS:
        raise Refused(f"Unknown point {at!r}. Points: {', '.join(POINTS)}.", field="at")
    trap = _Trap(at, task, times)
    with ExitStack() as patches:
        for module, name, wrap in _WRAPPERS:
            patches.enter_context(mock.patch.object(module, name, wrap(trap, getattr(module, name))))
        yield
    if trap.left:
        raise AssertionError(f"{trap.left} of {times} crashes {at} did not come: no such job got there.")


class _Trap:
    def __init__(self, at: str, task: str | None, times: int) -> None:
        self.at = at
        self.task = task
        self.left = times
        self.dead = False

    def reach(self, point: str) -> None:
        running = context.current()
        if point != self.at or not self.left or (self.task and running and running.claim.task != self.task):
            return
        self.left -= 1
        self.dead = True
        raise Crashed(f"crashed {point}")


Act = Callable[..., Any]


def _perform(trap: _Trap, perform: Act) -> Act:
    @wraps(perform)
    def performing(*args: Any) -> Any:
        trap.dead = False
        trap.reach("after claim")
        return perform(*args)

    return performing


def _make(trap: _Trap, make: Act) -> Act:
    @wraps(make)
    def making(effect: Any, do: Act) -> Any:
        def done() -> Any:
            receipt = do()
            trap.reach("after effect")
            return receipt

        trap.reach("before effect")
        return make(effect, done)

    return making


def _keep(trap: _Trap, keep: Act) -> Act:
    @wraps(keep)
    def keeping(*args: Any) -> Any:
        answer = keep(*args)
        trap.reach("after checkpoint")
        return answer

    return keeping


def _settle(trap: _Trap, settle: Act) -> Act:
    @wraps(settle)
    def settling(*args: Any) -> Any:
        if trap.dead:  # the dead settle nothing
            raise Crashed(f"crashed {trap.at}")
        trap.reach("before settle")
        outcome = settle(*args)
        trap.reach("after settle")
        return outcome

    return settling


def _complete(trap: _Trap, complete: Act) -> Act:
    """An atomic task settles with its body."""

    @wraps(complete)
    def completing(*args: Any) -> Any:
        trap.reach("before settle")
        return complete(*args)

    return completing


_WRAPPERS: list[tuple[Any, str, Callable[[_Trap, Act], Act]]] = [
    (executor, "perform", _perform),
    (effects, "_make", _make),
    (lifecycle, "keep", _keep),
    (executor, "settle", _settle),
    (executor, "_complete", _complete),
]
