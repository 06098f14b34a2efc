"""A hundred thousand delayed jobs, everything restarted twice as they come due: how late they start, what they cost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg
import redis

from benchmarks import cpu, marks
from benchmarks.comparison import OURS
from benchmarks.queue import Queue, Workers
from benchmarks.servers import Servers, servers

RESTARTS = 2
LEAD = 20.0  # seconds until the first is due
STUCK = 120.0  # seconds without a start
LOOK_EVERY = 1.0
MIB = 1024 * 1024

# What differs between copies of one delayed job.
DUE = "clock.now + (%(lead)s + n * %(step)s) * interval '1 second'"
DIFFERENT = {
    "id": "gen_random_uuid()",
    "correlation_id": "md5(n::text)",
    "arguments": "jsonb_build_object('number', n)",
    "run_at": DUE,
    "dispatch_at": DUE,
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Look:
    rss: int  # of the worker and its processes
    keys: int  # in Redis


def run(jobs: int, seconds: int, watch: int, say: Say) -> dict[str, Any]:
    """So many of them, due one after another within so many seconds, of which the first are watched."""
    watched = jobs * min(watch, seconds) // seconds
    with ExitStack() as stack:
        both = stack.enter_context(servers())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fikiri-bench-")))
        queue = stack.enter_context(Queue(OURS, 0, both, folder))
        queue.clear()
        with queue.workers() as workers:
            queue.ask("enqueue_many", jobs=100)
            queue.wait_until_done(100)
            alone = _look(workers, both)
        queue.clear()
        first_due = _plan(queue, both, jobs, seconds / jobs)
        say(f"{jobs:,} jobs wait; the first is due in {LEAD:.0f} s, the last {seconds} s later")
        looks = list(_work(queue, both, watched, say))
        started = [mark for mark in marks.read(queue.marks) if mark[0] < watched]
    late = sorted((at - first_due) / 1e6 - number * 1000 * seconds / jobs for number, at in started)
    cuts = quantiles(late, n=100)
    return {
        "jobs": jobs,
        "seconds": seconds,
        "watched": watched,
        "never_started": watched - len({number for number, _ in started}),
        "started_twice": len(started) - len({number for number, _ in started}),
        "started_early": sum(each < 0 for each in late),
        "late_p50_ms": round(cuts[49], 1),
        "late_p99_ms": round(cuts[98], 1),
        "late_most_ms": round(late[-1], 1),
        "worker_rss_mib_alone": round(alone.rss / MIB, 1),
        "worker_rss_mib_most": round(max(look.rss for look in looks) / MIB, 1),
        "redis_keys_most": max(look.keys for look in looks),
    }


def _plan(queue: Queue, both: Servers, jobs: int, step: float) -> int:
    """Write them down. Returns when the first is due, in nanoseconds of the clock of `marks`."""
    queue.ask("delay", first=0, seconds=[86_400.0])
    with psycopg.connect(both.database_url(OURS.module, "producer"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'jobs_job'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        columns = [name for (name,) in found]
        values = ", ".join(DIFFERENT.get(name, f"job.{name}") for name in columns)
        [(template,)] = connection.execute("SELECT id FROM jobs_job").fetchall()
        connection.execute(
            f"INSERT INTO jobs_job ({', '.join(columns)}) SELECT {values} FROM generate_series(0, %(most)s) AS n, "
            "jobs_job AS job, (SELECT clock_timestamp() AS now OFFSET 0) AS clock",
            {"most": jobs - 1, "lead": LEAD, "step": step},
        )
        connection.execute("DELETE FROM jobs_job WHERE id = %s", [template])
        connection.execute("VACUUM ANALYZE jobs_job")
        [(left,)] = connection.execute(
            "SELECT extract(epoch FROM min(run_at) - clock_timestamp())::float8 FROM jobs_job"
        ).fetchall()
        return time.monotonic_ns() + int(left * 1e9)


def _work(queue: Queue, both: Servers, jobs: int, say: Say) -> Iterator[Look]:
    """Run them all, in equal parts with everything restarted between."""
    for part in range(1, RESTARTS + 2):
        with queue.workers() as workers:
            yield from _until(queue, workers, both, jobs * part // (RESTARTS + 1))
        say(f"part {part} of {RESTARTS + 1}: {marks.count(queue.marks):,} started; all is stopped")


def _until(queue: Queue, workers: Workers, both: Servers, jobs: int) -> Iterator[Look]:
    seen, at = 0, time.monotonic()
    while (started := marks.count(queue.marks)) < jobs:
        if started > seen:
            seen, at = started, time.monotonic()
        if time.monotonic() - at > STUCK:
            raise RuntimeError(f"{started:,} of {jobs:,} jobs started, and none for {STUCK:.0f} s")
        yield _look(workers, both)
        time.sleep(LOOK_EVERY)


def _look(workers: Workers, both: Servers) -> Look:
    with redis.Redis.from_url(both.redis_url(0)) as client:
        return Look(cpu.rss_of_tree(workers.pids()["worker"]), int(client.dbsize()))
