"""One run of a job: claim, perform, settle. The heart of the platform."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

import celery
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.utils import DataError

from jobs import (
    child,
    context,
    effects,
    identity,
    joblog,
    lifecycle,
    outcomes,
    registry,
    reports,
    settling,
    tracing,
    watcher,
    workflow,
)
from jobs.config import config
from jobs.errors import Refused, Superseded
from jobs.lifecycle import Claim
from jobs.outcomes import Again, Completed, Doubtful, Dropped, Failed, Later, Lost, Outcome, Parked
from jobs.sql import interrupted

PAUSE = 0.5  # seconds between tries to settle while the database is away
AHEAD = 0.5  # seconds by which a parent's clock of a run may be ahead of its process's
LostConnection = (OperationalError, InterfaceError)
T = TypeVar("T")

log = structlog.stdlib.get_logger("jobs")


def run(job_id: uuid.UUID) -> Outcome | None:
    """Claim a job and run it here. None: there was nothing to claim."""
    began = time.monotonic()
    claim = take(job_id)
    return run_claimed(claim, began) if claim else None


def run_claimed(claim: Claim, began: float | None = None) -> Outcome:
    """Run a job that this process has claimed.

    Args:
        began: When its time limits began to count, on the monotonic clock; now, if not given.
    """
    began = time.monotonic() if began is None else began
    with context.running(claim, began), joblog.kept() as lines, watcher.watching(claim), tracing.attempt(claim):
        try:
            outcome = perform(claim)
        except BaseException as error:  # noqa: BLE001 - every way out of a task's body is settled, SystemExit too
            outcome = _of_exception(error, claim, time.monotonic() - began)
            interrupted.hang_up()
            settle(claim, _with_log(outcome, lines))
            if not isinstance(error, Exception) or isinstance(error, MemoryError):
                _leave()
            return outcome
        return settle(claim, _with_log(outcome, lines))


def take(job_id: uuid.UUID) -> Claim | None:
    """Claim a job for this process. A lost reply is repeated once, on a new connection, with the same token."""
    token = uuid.uuid4()
    return _once_more(lambda: lifecycle.claim(job_id, identity.current(), token))


def perform(claim: Claim) -> Outcome:
    """Run the task's body. For an atomic task the body and its settling are one transaction."""
    spec = registry.find(claim.task)
    if spec is None:  # a deploy in progress: left for a worker that knows it
        return Later(config().GRACE, f"no worker here knows task {claim.task}")
    with transaction.atomic() if spec.options.atomic else nullcontext():
        is_done = claim.attempt > 1 and effects.all_done(claim.id)
        outcome = outcomes.of_result(None if is_done else _call(spec, claim))
        if spec.options.atomic:
            if isinstance(outcome, Completed):
                _complete(claim, outcome)
            else:  # a result that cannot be kept
                transaction.set_rollback(True)
        return outcome


def settle(claim: Claim, outcome: Outcome) -> Outcome:
    """Write the outcome down, if the job is still this attempt's. A database that is away is waited for."""
    tracing.ended(outcome)
    if isinstance(outcome, Completed) and _is_atomic(claim):
        return outcome  # settled with its body
    deadline = time.monotonic() + claim.time_limit
    pause = threading.Event()
    while True:
        try:
            return _settle(claim, outcome)
        except Superseded:
            log.warning("attempt superseded", action="job_superseded", job=str(claim.id), attempt=claim.attempt)
            return Lost()
        except (DataError, UnicodeError) as error:
            outcome = Failed(reports.of_text(f"The outcome could not be stored: {type(error).__name__}"))
        except Refused as error:  # by what was to follow in a chain; the run itself is not repeated for that
            outcome = Failed(reports.of_exception(error, reason="what was to follow it is refused"))
        except SoftTimeLimitExceeded:  # too late: the task has ended. It strikes once
            interrupted.hang_up()
        except LostConnection as error:
            # Never the task's failure: its work is done. After the lease rescue decides.
            if time.monotonic() > deadline:
                raise
            log.warning("settling again", action="settle_retried", job=str(claim.id), error=type(error).__name__)
            connection.close()
            pause.wait(PAUSE)


def _settle(claim: Claim, outcome: Outcome) -> Outcome:
    match outcome:
        case Completed() if settling.may_group(claim):
            settling.add(claim, outcome.result)
        case Completed():
            _complete(claim, outcome)
        case Again(report, after, counts, rule):
            lifecycle.retry(claim, report, after=after, counts=counts, rule=rule)
        case Later(seconds, reason):
            lifecycle.snooze(claim, seconds, reason)
        case Parked(key, reason):
            lifecycle.park(claim, key, reason)
        case Failed(report):
            lifecycle.fail(claim, report)
        case Dropped(report):
            lifecycle.discard(claim, report)
        case Doubtful(report):
            lifecycle.doubt(claim, report)
        case Lost():
            pass
    return outcome


def _complete(claim: Claim, outcome: Completed) -> None:
    with transaction.atomic() if claim.workflow else nullcontext():
        if not lifecycle.complete([(claim, outcome.result)]):
            raise Superseded(f"Attempt {claim.attempt} no longer owns job {claim.id}.")
        if claim.workflow:
            workflow.follow(claim, outcome.result)


def _call(spec: registry.TaskSpec, claim: Claim) -> object:
    args, kwargs = spec.call_arguments(claim.arguments)
    task = celery.current_app.tasks[spec.name]
    task.push_request(
        id=str(claim.id),
        args=args,
        kwargs=kwargs,
        retries=claim.failures,
        correlation_id=claim.correlation_id,
        called_directly=False,
        gated=True,
        hostname=claim.identity.name,
        delivery_info={"routing_key": claim.queue},
    )
    try:
        return task.run(*args, **kwargs)
    finally:
        task.pop_request()


def _of_exception(error: BaseException, claim: Claim, seconds: float) -> Outcome:
    # A parent settles a job over its hard limit and asks its process to exit: heard here where it could not settle it.
    if isinstance(error, SystemExit) and seconds >= claim.time_limit - AHEAD:
        return Again(reports.over_hard_limit(claim.time_limit))
    return outcomes.of_exception(error, registry.get(claim.task).options, claim.max_retries)


def _leave() -> None:
    """Asked to exit, or out of memory: this process ends, if another takes its place."""
    if child.is_child():
        settling.flush()
        tracing.shut_down()
        child.end()


def _is_atomic(claim: Claim) -> bool:
    spec = registry.find(claim.task)
    return spec is not None and spec.options.atomic


def _with_log(outcome: Outcome, lines: joblog.Lines) -> Outcome:
    match outcome:
        case Again() | Failed() | Dropped() | Doubtful() if lines:
            return replace(outcome, report=replace(outcome.report, log=reports.clean(lines.text())))
        case _:
            return outcome


def _once_more(act: Callable[[], T]) -> T:
    """Do it; if the connection turns out to be broken, once more on a new one."""
    try:
        return act()
    except LostConnection:
        if connection.in_atomic_block:
            raise
        connection.close()
        return act()
