"""The ledger as Prometheus reads it. Labels are bounded: queues, declared tasks, statuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs import backlog, broker, clock, health, totals
from jobs.models import Counted, Job, JobStatus, Quarantine, QueueControl, Tally, TaskControl, Total
from jobs.queues import QUEUES
from jobs.statistics import BOUNDS, merged

TYPE = "text/plain; version=0.0.4; charset=utf-8"
TROUBLE = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.IN_DOUBT)


def text() -> bytes:
    """The exposition format, of this moment."""
    registry = CollectorRegistry()
    registry.register(Ledger())
    return generate_latest(registry)


class Ledger(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _waiting()
        yield from _workers()
        yield from _ended()
        yield from _totals()
        yield from _health()


def _waiting() -> Iterator[Metric]:
    counted = backlog.of_people()
    now = clock.now()
    waiting = GaugeMetricFamily("fikiri_jobs_waiting", "Jobs that are due and wait.", labels=["queue"])
    delayed = GaugeMetricFamily("fikiri_jobs_delayed", "Jobs that wait for their time.", labels=["queue"])
    oldest_age = GaugeMetricFamily(
        "fikiri_queue_oldest_seconds", "How long the oldest due job has waited.", labels=["queue"]
    )
    for queue in QUEUES:
        found = backlog.of_queue(counted, queue)
        waiting.add_metric([queue], found.due)
        delayed.add_metric([queue], found.later)
        oldest_age.add_metric([queue], max(0.0, (now - found.oldest).total_seconds()) if found.oldest else 0)
    yield from (waiting, delayed, oldest_age)
    yield _by("fikiri_jobs_running", "Jobs that run.", _counted("queue", status=JobStatus.PROCESSING), "queue")
    yield _by(
        "fikiri_jobs_in_trouble",
        "Jobs that wait for a person.",
        _counted("status", status__in=TROUBLE, finished_at__isnull=False),
        "status",
    )


def _workers() -> Iterator[Metric]:
    workers = GaugeMetricFamily("fikiri_workers", "Workers that live.", labels=["queue"])
    slots = GaugeMetricFamily("fikiri_slots", "Jobs that they can run at once.", labels=["queue"])
    silent = GaugeMetricFamily("fikiri_queue_silent", "1 while its workers live and take nothing.", labels=["queue"])
    for queue, state in health.queues().items():
        workers.add_metric([queue], state.workers)
        slots.add_metric([queue], state.slots)
        silent.add_metric([queue], int(state.silent_since is not None))
    yield from (workers, slots, silent)


def _ended() -> Iterator[Metric]:
    """Counters and histograms, which only grow: from what `jobs.statistics` counted."""
    tallies = list(Tally.objects.order_by("queue", "task", "outcome"))
    ended = CounterMetricFamily("fikiri_jobs_ended", "Jobs that ended.", labels=["queue", "task", "outcome"])
    for tally in tallies:
        ended.add_metric([tally.queue, tally.task, tally.outcome], tally.jobs)
    yield ended
    yield _histogram("fikiri_job_wait_seconds", "From due to started.", tallies, "waits", "wait_sum")
    yield _histogram("fikiri_job_run_seconds", "From started to ended.", tallies, "runs", "run_sum")
    yield _histogram("fikiri_job_total_seconds", "From enqueued to ended.", tallies, "totals", "total_sum")


def _totals() -> Iterator[Metric]:
    """Counters of what is no job's end. An attempt that succeeded is one, and is counted there."""
    attempts = CounterMetricFamily(
        "fikiri_attempts", "Attempts that ended, by how.", labels=["queue", "task", "outcome"]
    )
    rescues = CounterMetricFamily(
        "fikiri_rescues", "Attempts whose process or worker was gone.", labels=["queue", "task"]
    )
    effects = CounterMetricFamily(
        "fikiri_effects", "Effects, by what became of them.", labels=["queue", "kind", "outcome"]
    )
    rings = CounterMetricFamily("fikiri_rings", "Doorbells that the dispatcher rang.", labels=["queue"])
    families = {totals.ATTEMPTS: attempts, totals.RESCUES: rescues, totals.EFFECTS: effects, totals.RINGS: rings}
    for row in Tally.objects.filter(outcome=JobStatus.COMPLETED).order_by("queue", "task"):
        attempts.add_metric([row.queue, row.task, row.outcome], row.jobs)
    for total in Total.objects.filter(what__in=families).order_by("what", "queue", "kind", "outcome"):
        # Of these each family takes as many as it has labels.
        families[total.what].add_metric([total.queue, total.kind, total.outcome], total.number)
    yield from families.values()


def _histogram(name: str, help: str, tallies: Iterable[Tally], counts: str, sums: str) -> Metric:  # noqa: A002
    by_task: dict[tuple[str, str], tuple[list[int], float]] = {}
    for tally in tallies:
        so_far, total = by_task.get((tally.queue, tally.task), ([], 0.0))
        key = (tally.queue, tally.task)
        by_task[key] = merged(so_far, getattr(tally, counts)), total + getattr(tally, sums)
    family = HistogramMetricFamily(name, help, labels=["queue", "task"])
    bounds = [*(str(float(bound)) for bound in BOUNDS), "+Inf"]
    for key, (counted, total) in by_task.items():
        family.add_metric(key, list(zip(bounds, accumulate(counted), strict=True)), total)
    return family


def _health() -> Iterator[Metric]:
    yield GaugeMetricFamily("fikiri_dispatcher_up", "1 while a dispatcher works.", int(health.has_dispatcher()))
    lag = "Since a dispatcher last said that it works."
    yield GaugeMetricFamily("fikiri_dispatcher_lag_seconds", lag, health.dispatcher_lag())
    yield GaugeMetricFamily("fikiri_broker_up", "1 while the broker answers this process.", int(health.has_broker()))
    yield GaugeMetricFamily("fikiri_breaker_open", "1 while this process leaves the broker be.", int(broker.is_open()))
    yield GaugeMetricFamily("fikiri_quarantined", "Messages not understood.", Quarantine.objects.count())
    paused = GaugeMetricFamily("fikiri_paused", "1 for what is held back.", labels=["kind", "name"])
    for kind, model in (("queue", QueueControl), ("task", TaskControl)):
        for name in model._default_manager.filter(paused=True).values_list("name", flat=True):
            paused.add_metric([kind, name], 1)
    yield paused
    counted = Counted.objects.order_by("until").first()
    behind = (clock.now() - counted.until).total_seconds() if counted else 0
    yield GaugeMetricFamily("fikiri_statistics_behind_seconds", "How old the newest counted end may be.", behind)


def _counted(column: str, **condition: Any) -> dict[str, int]:
    rows = Job.objects.filter(**condition).order_by().values_list(column).annotate(number=Count("*"))
    return dict(rows)


def _by(name: str, help: str, counts: dict[str, int], label: str) -> Metric:  # noqa: A002
    family = GaugeMetricFamily(name, help, labels=[label])
    for value in QUEUES if label == "queue" else TROUBLE:
        family.add_metric([str(value)], counts.get(value, 0))
    return family
