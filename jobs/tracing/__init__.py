"""Traces for OpenTelemetry: a request, the enqueues in it, each job's wait, its attempts and their effects, as one.

Off, nothing of OpenTelemetry is imported and nothing is kept. On, no argument, result, address, key or error text goes
into a span: only what the platform itself names.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from jobs.config import config
from jobs.models.job import CANARY

if TYPE_CHECKING:
    from jobs.lifecycle import Claim
    from jobs.outcomes import Outcome

UNTRACED: AbstractContextManager[None] = nullcontext()


def is_on() -> bool:
    return config().TRACES


def load() -> None:
    """Import what traces need, if they are on."""
    if is_on():
        from jobs.tracing import spans  # noqa: F401


def enqueueing(task: str, queue: str, count: int = 1) -> AbstractContextManager[None]:
    """Around the writing of jobs, which keep its place in the trace: `here`."""
    if not is_on():
        return UNTRACED
    from jobs.tracing import spans

    return spans.enqueueing(task, queue, count)


def attempt(claim: Claim) -> AbstractContextManager[None]:
    """Around one run of a job; its wait before is told, too. Canaries, one a minute and queue, are not."""
    if not is_on() or claim.task == CANARY:
        return UNTRACED
    from jobs.tracing import spans

    return spans.attempt(claim)


def effect(act: str, kind: str) -> AbstractContextManager[None]:
    """Around what is asked of a provider: that an effect be made, or whether it was."""
    if not is_on():
        return UNTRACED
    from jobs.tracing import spans

    return spans.effect(act, kind)


def here() -> str | None:
    """The place in the trace under way, as a job's row keeps it (W3C traceparent)."""
    if not is_on():
        return None
    from jobs.tracing import spans

    return spans.here()


def ended(outcome: Outcome) -> None:
    """Say of the attempt under way how it ended."""
    if is_on():
        from jobs.tracing import spans

        spans.ended(outcome)


def shut_down() -> None:
    """Send what has not been sent, the span under way too: this process ends."""
    if is_on():
        from jobs.tracing import spans

        spans.shut_down()
