"""How a run of a task's body ended: one value, from the answer or the error."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from jobs import errors, registry, reports, retries
from jobs.config import config
from jobs.reports import Report
from jobs.retries import RetryRule


@dataclass(frozen=True)
class Completed:
    result: str  # JSON


@dataclass(frozen=True)
class Again:
    """An error, or the task's own wish to be retried."""

    report: Report
    after: float | None = None
    counts: bool = True
    rule: RetryRule | None = None


@dataclass(frozen=True)
class Later:
    seconds: float
    reason: str


@dataclass(frozen=True)
class Parked:
    key: str
    reason: str


@dataclass(frozen=True)
class Failed:
    report: Report


@dataclass(frozen=True)
class Dropped:
    """Nothing to do, or cancelled."""

    report: Report


@dataclass(frozen=True)
class Doubtful:
    report: Report


@dataclass(frozen=True)
class Lost:
    """Another attempt owns the job: nothing is settled."""


Outcome = Completed | Again | Later | Parked | Failed | Dropped | Doubtful | Lost


def of_result(result: Any) -> Outcome:
    """Completed, or Failed when the result cannot be stored: a run must not be repeated for that."""
    try:
        text = json.dumps(result, cls=DjangoJSONEncoder, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return Failed(reports.of_text(f"The task returned what is not JSON: {error}", error_class="InvalidResult"))
    if len(text) > config().RESULT_LIMIT:
        limit = config().RESULT_LIMIT
        return Failed(
            reports.of_text(
                f"The task returned {len(text):,} bytes, the limit is {limit:,}. Store it and return its id.",
                error_class="InvalidResult",
            )
        )
    return Completed(text)


def of_exception(error: BaseException, options: registry.Options, max_retries: int | None = None) -> Outcome:
    """The closed list of answers; anything else is an error and is retried as one.

    Args:
        max_retries: The job's own; where it is not the task's, it holds for every error.
    """
    if max_retries not in (None, options.max_retries):
        options = replace(options, retry=retries.without_budgets(options.retry))
    match error:
        case errors.Retry():
            return Again(reports.of_exception(error, reason=error.reason), error.after, error.counts)
        case errors.RetryRequest():
            return _retry_request(error, options)
        case errors.Snooze():
            return Later(error.seconds, reports.clean(error.reason))
        case errors.Held():
            return Parked(error.key, reports.clean(error.reason))
        case errors.Discard() | errors.Cancelled():
            return Dropped(reports.Report(reason=reports.clean(error.reason)))
        case errors.Fail():
            return Failed(reports.of_text(error.reason, error_class=error.code or "Fail", reason=error.reason))
        case errors.InDoubt():
            return Doubtful(reports.of_exception(error, reason=error.reason))
        case errors.Superseded():
            return Lost()
        case _:
            return _of_celery_answer(error) or _of_error(error, options)


def _of_celery_answer(error: BaseException) -> Outcome | None:
    """What tasks written for plain Celery raise."""
    from celery.exceptions import Ignore, Reject

    match error:
        case Ignore():
            return Dropped(reports.Report(reason="ignored by the task"))
        case Reject() if getattr(error, "requeue", False):
            return Again(reports.of_exception(error, reason="rejected by the task"))
        case Reject():
            return Failed(reports.of_exception(error, reason="rejected by the task"))
        case _:
            return None


def _of_error(error: BaseException, options: registry.Options) -> Outcome:
    report = reports.of_exception(error)
    kind, rule = retries.kind_of(error, options.retry, options.permanent)
    if kind and rule is None:
        return Failed(report)
    return _by_rule(report, kind, rule)


def _retry_request(error: errors.RetryRequest, options: registry.Options) -> Outcome:
    """`self.retry(exc=...)` of plain Celery: its own countdown, else the rule for what was caught."""
    report = reports.of_exception(error.cause or error)
    if error.cause is None or error.after is not None:
        return Again(report, error.after)
    return _by_rule(report, *retries.kind_of(error.cause, options.retry, ()))


def _by_rule(report: Report, kind: type[Exception] | None, rule: RetryRule | None) -> Outcome:
    counted_apart = kind is not None and rule is not None and rule.max_retries is not None
    return Again(replace(report, rule=retries.name_of(kind)) if kind and counted_apart else report, rule=rule)
