"""Tables in Markdown, for the terminal and the docs alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NAMES = {
    "fikiri": "**Fikiri**",
    "celery_plain": "Celery, no results",
    "celery_django_results": "Celery + django-celery-results",
    "celery_django_kept": "the same, connection kept",
    "rq": "RQ",
    "huey": "Huey",
    "dramatiq": "Dramatiq",
    "procrastinate": "Procrastinate",
    "django_tasks_db": "django-tasks-db",
}
TARGETS = (
    ("enqueue_vs_celery", "at least", 0.8),
    ("bulk_vs_celery", "at least", 8),
    ("drain_vs_celery", "at least", 0.7),
    ("drain_vs_celery_django_results", "at least", 5),
    ("sql_per_job", "at most", 2),
    ("redis_per_job", "at most", 5),
    ("redis_per_enqueue", "at most", 4),
    ("connects_per_job", "at most", 0.01),
)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_peers(figures: dict[str, Any]) -> str:
    """Every queue in a row, beside plain Celery of the same round: median (least-most)."""
    head = (
        "queue",
        "enqueue x Celery",
        "bulk x Celery",
        "drain x Celery",
        "drain, jobs/s",
        "pick-up p50, ms",
        "boot, s",
        "worker CPU, ms a job",
    )
    rows = [
        (
            NAMES[name],
            _spread(row["enqueue_vs_celery"]),
            _spread(row["bulk_vs_celery"]),
            _spread(row["drain_vs_celery"]),
            f"{row['drain_per_second']:,.0f}",
            f"{row['pickup_p50_ms']:.1f}",
            f"{row['boot_seconds']:.1f}",
            f"{row['cpu_ms']:.2f}",
        )
        for name, row in figures["peers"].items()
    ]
    return markdown(head, rows)


def of_targets(figures: dict[str, Any]) -> str:
    """What was aimed at, and what was reached."""
    rows = [
        (f"`{name}`", f"{word} {limit}", f"{figures[name]:.3g}", "yes" if _holds(figures[name], word, limit) else "no")
        for name, word, limit in TARGETS
    ]
    limit = figures["pickup_p50_ms_celery"] + 2
    reached = figures["pickup_p50_ms"]
    rows.append(("`pickup_p50_ms`", f"at most {limit:.1f}", f"{reached:.1f}", "yes" if reached <= limit else "no"))
    return markdown(("figure", "aim", "measured", "reached"), rows)


def of_pipeline(figures: dict[str, Any]) -> str:
    """The way of a mail, in numbers."""
    rows = [
        ("sync stage", f"{figures['sync_per_second']:,.0f} messages a second", "at least 100"),
        ("whole pipeline", f"{figures['pipeline_per_second']:,.0f} messages a second", "at least 25"),
        ("first message classified", f"{figures['first_classified_seconds']:.1f} s after the command", ""),
        ("second start", f"{figures['second_start_seconds']:.1f} s", "under 10 s"),
        ("workers' memory, warm", f"{figures['worker_rss_mib_warm']:.0f} MiB", ""),
        ("workers' memory, most", f"{figures['worker_rss_mib_max']:.0f} MiB", ""),
        ("growth", f"{figures['worker_rss_mib_per_1000_messages']:.1f} MiB for 1,000 messages", "flat"),
    ]
    return markdown(("figure", f"{figures['messages']:,} messages", "aim"), rows)


def of_gmail(figures: dict[str, Any]) -> str:
    """An account read under a quota that moves, in numbers."""
    growth = figures["rss_mib_second_half"] - figures["rss_mib_first_half"]
    rows = [
        ("used of the allowed quota", f"{figures['used_of_allowed']:.1%}", "over 90 %"),
        ("calls that were refused", f"{figures['refused_of_asked']:.2%}", "under 1 %"),
        ("processor", f"{figures['cores']:.2f} cores", "under one"),
        ("memory, most", f"{max(figures['rss_mib_first_half'], figures['rss_mib_second_half']):.0f} MiB", ""),
        ("growth in the second half", f"{growth:.1f} MiB", "flat"),
        ("messages stored", f"{figures['stored']:,} in {figures['seconds']:.0f} s", ""),
    ]
    allowed = f"{figures['messages']:,} messages, {figures['allowed_units_a_minute']:,} units a minute allowed"
    return markdown(("figure", allowed, "aim"), rows)


def of_quota(figures: dict[str, Any]) -> str:
    """A quota that moves, in numbers."""
    rows = [
        ("used of what was allowed", f"{figures['used']:.1%}", "over 90 %"),
        ("calls that were refused", f"{figures['refused']:.2%}", "under 1 %"),
    ]
    return markdown(("figure", f"{figures['calls']:,} calls in {figures['seconds']} s", "aim"), rows)


def of_scale(figures: dict[str, Any]) -> str:
    """The same on an empty ledger and on a full one."""
    names = {
        "enqueue_per_second": "enqueue, jobs a second",
        "drain_per_second": "enqueue_many and drain, jobs a second",
        "delayed_late_p50_ms": "delayed jobs start late by, ms (median)",
        "delayed_late_most_ms": "delayed jobs start late by, ms (most)",
        "worker_rss_mib": "worker's memory, MiB",
    }
    rows = [(name, f"{figures['empty'][key]:,.1f}", f"{figures['full'][key]:,.1f}") for key, name in names.items()]
    rows.append(("reads of the whole table", "", f"{figures['scans_of_the_job_table']}"))
    full = f"{figures['finished']:,} finished, {figures['waiting']:,} waiting"
    return markdown(("figure", "empty ledger", full), rows)


def of_delayed(figures: dict[str, Any]) -> str:
    """Delayed jobs that come due while everything is restarted twice."""
    rows = [
        ("never started", f"{figures['never_started']:,}"),
        ("started twice", f"{figures['started_twice']:,}"),
        ("started before their time", f"{figures['started_early']:,}"),
        ("late by, median", f"{figures['late_p50_ms']:,.0f} ms"),
        ("late by, 99 of 100", f"{figures['late_p99_ms']:,.0f} ms"),
        ("late by, most", f"{figures['late_most_ms']:,.0f} ms"),
        ("worker's memory, with no job", f"{figures['worker_rss_mib_alone']:.0f} MiB"),
        ("worker's memory, most", f"{figures['worker_rss_mib_most']:.0f} MiB"),
        ("keys in Redis, most", f"{figures['redis_keys_most']}"),
    ]
    watched = f"the first {figures['watched']:,} of {figures['jobs']:,} that come due within {figures['seconds']:,} s"
    return markdown(("figure", watched), rows)


def of_soak(figures: dict[str, Any]) -> str:
    """What a long run leaves behind."""
    names = {"parent": "worker's parent", "children": "its two processes", "dispatcher": "dispatcher"}
    rows = [
        (f"{name}, MiB", *(f"{mib:.1f}" for mib in figures["mib"][key]), f"{figures['kib_per_1000_jobs'][key]:.1f} KiB")
        for key, name in names.items()
    ]
    counted = {"files": "open files", "connections": "connections to PostgreSQL", "keys": "keys in Redis"}
    rows += [(name, *(f"{number}" for number in figures[key]), "") for key, name in counted.items()]
    return markdown(("figure", "after a quarter", f"after {figures['jobs']:,} jobs", "in 1,000 jobs"), rows)


def _holds(value: float, word: str, limit: float) -> bool:
    return value >= limit if word == "at least" else value <= limit


def _spread(values: Sequence[float]) -> str:
    middle, least, most = values
    return f"{middle:.2f} ({least:.2f}-{most:.2f})"
