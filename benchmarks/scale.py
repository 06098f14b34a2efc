"""Whether a full ledger slows what is new: the same figures on an empty one and on one of a million rows."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks import cpu, marks, measure
from benchmarks.comparison import OURS
from benchmarks.queue import Queue
from benchmarks.servers import servers

JOBS = 2_000
ENQUEUES = 300
DELAYED = 40
ROUNDS = 3
MIB = 1024 * 1024

# What differs between copies of a job that really ran or really waits.
DIFFERENT = {
    "id": "gen_random_uuid()",
    "correlation_id": "md5(n::text)",
    "created_at": "created_at - n * interval '1 second'",
}

Say = Callable[[str], None]


def run(finished: int, waiting: int, say: Say) -> dict[str, Any]:
    """Measure on an empty ledger, fill it, measure again. `waiting` rows are delayed ones."""
    with ExitStack() as stack:
        both = stack.enter_context(servers())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fikiri-bench-")))
        with Queue(OURS, 0, both, folder) as queue:
            measure.enqueue(queue, ENQUEUES)  # its connections and scripts are there
            queue.clear()
            empty = _measure(queue)
            say(f"empty: {empty}")
            with psycopg.connect(both.database_url(OURS.module, "producer"), autocommit=True) as connection:
                _fill(queue, connection, finished, waiting)
                say(f"filled with {finished:,} finished and {waiting:,} waiting rows")
                scans = _scans(connection)
                full = _measure(queue)
                scans = _scans(connection) - scans
            say(f"full: {full}")
    return {
        "finished": finished,
        "waiting": waiting,
        "empty": empty,
        "full": full,
        "enqueue_full_vs_empty": round(full["enqueue_per_second"] / empty["enqueue_per_second"], 2),
        "drain_full_vs_empty": round(full["drain_per_second"] / empty["drain_per_second"], 2),
        "worker_rss_mib_more": round(full["worker_rss_mib"] - empty["worker_rss_mib"], 1),
        "scans_of_the_job_table": scans,
    }


def _measure(queue: Queue) -> dict[str, float]:
    """What a user would notice. Leaves the ledger as it finds it, but for the jobs it ran."""
    rates = [ENQUEUES / queue.ask("enqueue", jobs=ENQUEUES) for _ in range(ROUNDS)]
    with queue.workers() as workers:
        _settled(queue, ROUNDS * ENQUEUES)
        queue.ask("enqueue_many", jobs=JOBS)
        began = time.monotonic_ns()
        _settled(queue, JOBS)
        drained = JOBS / ((time.monotonic_ns() - began) / 1e9)
        late = _lateness(queue)
        rss = cpu.rss_of_tree(workers.pids()["worker"]) / MIB
    return {
        "enqueue_per_second": round(median(rates), 1),
        "drain_per_second": round(drained, 1),
        "delayed_late_p50_ms": round(median(late), 1),
        "delayed_late_most_ms": round(max(late), 1),
        "worker_rss_mib": round(rss, 1),
    }


def _settled(queue: Queue, jobs: int) -> None:
    """Wait until so many more jobs have started, and forget their marks."""
    deadline = time.monotonic() + 120
    while marks.count(queue.marks) < jobs:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{marks.count(queue.marks)} of {jobs} jobs started in two minutes")
        time.sleep(0.005)
    queue.marks.write_bytes(b"")


def _lateness(queue: Queue) -> list[float]:
    """Milliseconds after their time that delayed jobs start."""
    chance = random.Random(1)
    due = queue.ask("delay", first=0, seconds=[chance.uniform(1, 3) for _ in range(DELAYED)])
    deadline = time.monotonic() + 30
    while marks.count(queue.marks) < DELAYED and time.monotonic() < deadline:
        time.sleep(0.01)
    late = [(at - due[number]) / 1e6 for number, at in marks.read(queue.marks)]
    queue.marks.write_bytes(b"")
    return late


def _fill(queue: Queue, connection: psycopg.Connection, finished: int, waiting: int) -> None:
    _copy(connection, "completed", finished)
    queue.ask("delay", first=0, seconds=[86_400.0])
    _copy(connection, "pending", waiting)
    # A ledger that has been this full for a while, not one whose filling is still being written to the disk.
    connection.execute("VACUUM ANALYZE jobs_job")
    connection.execute("CHECKPOINT")


def _copy(connection: psycopg.Connection, status: str, rows: int) -> None:
    """Repeat one job of a status."""
    found = connection.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'jobs_job'::regclass AND attnum > 0")
    columns = [name for (name,) in found]
    values = ", ".join(DIFFERENT.get(name, name) for name in columns)
    connection.execute(
        f"INSERT INTO jobs_job ({', '.join(columns)}) SELECT {values} "
        "FROM generate_series(1, %s) AS n, (SELECT * FROM jobs_job WHERE status = %s LIMIT 1) AS job",
        [rows, status],
    )


def _scans(connection: psycopg.Connection) -> int:
    """How often the whole table of jobs has been read."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'jobs_job'").fetchone()
    assert row is not None
    return int(row[0])
