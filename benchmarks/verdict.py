"""The figures that a comparison comes to: medians of rounds, and ratios paired round by round."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.comparison import BACKLOG, CELERY, DOCUMENTED, OURS, Samples
from benchmarks.servers import Counts


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Of each round, so that a slow minute of the machine cancels."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def figures(samples: dict[str, Samples]) -> dict[str, Any]:
    """The object that `--json` prints."""
    ours, celery, documented = (samples[subject.module] for subject in (OURS, CELERY, DOCUMENTED))
    counts = _counts(ours)
    enqueued = ours.enqueue_counts
    assert enqueued is not None
    jobs = OURS.drain
    return {
        "enqueue_vs_celery": _median(ratios(ours.enqueue, celery.enqueue)),
        "enqueue_backlog_vs_celery": _median(ratios(ours.backlog, celery.backlog)),
        "enqueue_vs_bare_commit": _median(ratios(ours.enqueue, ours.commits)),
        "commits_per_second": _median(ours.commits),
        "bulk_vs_celery": _median(ratios(ours.bulk, celery.bulk)),
        "drain_vs_celery": _median(ratios(ours.drain, celery.drain)),
        "drain_vs_celery_django_results": _median(ratios(ours.drain, documented.drain)),
        "drain_with_events_vs_celery": _median(
            ratios(*([drain.per_second for drain in each.drains_with_events] for each in (ours, celery)))
        ),
        "pickup_p50_ms": _median(ours.pickup),
        "pickup_p50_ms_celery": _median(celery.pickup),
        "sql_per_job": _rate(counts.statements["worker"], jobs),
        "sql_per_job_dispatcher": _rate(counts.statements.get("dispatcher", 0), jobs),
        "sql_per_enqueue": _rate(enqueued.statements["producer"], BACKLOG),
        "redis_per_job": _rate(sum(counts.redis_commands.values()), jobs),
        "redis_per_enqueue": _rate(_enqueue_commands(enqueued), BACKLOG),
        "connects_per_job": _rate(counts.connections["worker"], jobs),
        "cpu_ms_per_job": {
            name: _median([sum(drain.cpu_ms.values()) for drain in each.drains]) for name, each in samples.items()
        },
        "rounds": len(ours.drains),
        "peers": {name: _row(each, celery) for name, each in samples.items()},
    }


def _row(each: Samples, celery: Samples) -> dict[str, Any]:
    """One queue beside plain Celery: per second, and [median, least, most] of the ratio."""
    return {
        "enqueue_per_second": _median(each.enqueue),
        "enqueue_vs_celery": _spread(ratios(each.enqueue, celery.enqueue)),
        "bulk_per_second": _median(each.bulk),
        "bulk_vs_celery": _spread(ratios(each.bulk, celery.bulk)),
        "drain_per_second": _median(each.drain),
        "drain_vs_celery": _spread(ratios(each.drain, celery.drain)),
        "pickup_p50_ms": _median(each.pickup),
        "boot_seconds": _median([drain.boot for drain in each.drains]),
        "cpu_ms": _median([sum(drain.cpu_ms.values()) for drain in each.drains]),
    }


def _counts(each: Samples) -> Counts:
    counts = each.drains[-1].counts
    assert counts is not None
    return counts


def _enqueue_commands(counts: Counts) -> int:
    """Without the harness' own: it makes room with DEL."""
    return sum(calls for name, calls in counts.redis_commands.items() if name != "del")


def _median(values: Sequence[float]) -> float:
    return round(median(values), 3)


def _spread(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in (median(values), min(values), max(values))]


def _rate(count: int, jobs: int) -> float:
    return round(count / jobs, 3)
