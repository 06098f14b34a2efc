"""Many jobs through one worker: does anything grow that should not? Memory, open files, connections, keys in Redis."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Any

import redis

from benchmarks import cpu
from benchmarks.comparison import OURS
from benchmarks.queue import Queue, Workers
from benchmarks.servers import ROLES, Servers, servers

PORTION = 2_000  # jobs between two looks
WARM = 0.25  # of the run, of which nothing is concluded
MEMORY = ("parent", "children", "dispatcher")
COUNTED = ("files", "connections", "keys")
KIB = 1024

Say = Callable[[str], None]


@dataclass(frozen=True)
class Look:
    jobs: int
    parent: int  # bytes
    children: int
    dispatcher: int
    files: int  # open in all of them
    connections: int  # to PostgreSQL, of all processes
    keys: int  # in Redis


def run(jobs: int, say: Say) -> dict[str, Any]:
    """The job that does nothing, so many times."""
    with ExitStack() as stack:
        both = stack.enter_context(servers())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fikiri-bench-")))
        queue = stack.enter_context(Queue(OURS, 0, both, folder))
        queue.clear()
        with queue.workers() as workers:
            looks = list(_work(queue, workers, both, jobs, say))
    warm = [look for look in looks if look.jobs > WARM * jobs]
    return {
        "jobs": jobs,
        "mib": {name: [round(getattr(look, name) / KIB**2, 1) for look in (warm[0], warm[-1])] for name in MEMORY},
        "kib_per_1000_jobs": {name: round(_slope(warm, name) * 1000 / KIB, 1) for name in MEMORY},
        **{name: [getattr(look, name) for look in (warm[0], warm[-1])] for name in COUNTED},
    }


def _work(queue: Queue, workers: Workers, both: Servers, jobs: int, say: Say) -> Iterator[Look]:
    for done in range(PORTION, jobs + 1, PORTION):
        queue.ask("enqueue_many", jobs=PORTION)
        queue.wait_until_done(done)
        yield _look(done, workers.pids(), both)
        if not done % (10 * PORTION):
            say(f"{done:,} of {jobs:,} jobs, {time.strftime('%H:%M:%S')}")


def _look(jobs: int, pids: dict[str, int], both: Servers) -> Look:
    worker, dispatcher = pids["worker"], pids["dispatcher"]
    children = cpu.tree(worker) - {worker}
    with redis.Redis.from_url(both.redis_url(0)) as client, both.connect() as connection:
        [(connections,)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = ANY(%s)", [list(ROLES)]
        )
        return Look(
            jobs,
            cpu.rss(worker),
            sum(map(cpu.rss, children)),
            cpu.rss_of_tree(dispatcher),
            sum(map(_files, cpu.tree(worker) | cpu.tree(dispatcher))),
            connections,
            int(client.dbsize()),
        )


def _files(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return 0


def _slope(looks: list[Look], name: str) -> float:
    """Bytes a job, by a straight line through them."""
    slope, _ = linear_regression([look.jobs for look in looks], [getattr(look, name) for look in looks])
    return float(slope)
