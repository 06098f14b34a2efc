"""A set-up to break, and this test process on its ledger and broker."""

import signal
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connections

from jobs.drill import outside, system, tasks
from jobs.drill.databases import Postgres, Sqlite, django_settings
from jobs.drill.programs import Program
from jobs.drill.scratch import Scratch
from jobs.models import Job, WorkerBeat
from jobs.models.job import FINAL, new_id
from jobs.services import enqueue

LOOK_EVERY = 0.05  # seconds
PATIENCE = 90.0  # seconds for anything to happen: a machine may be slow
TRIES = 20


class Rig(Scratch):
    """`until` waits for what other processes do; `send` enqueues jobs whose effects can be counted."""

    def __init__(self, vendor: str) -> None:
        super().__init__(vendor, "tests.faults.settings")

    def until(self, condition: Callable[[], object], what: str, timeout: float = PATIENCE) -> None:
        """Wait, with what ends being started again. Fails the test when it does not come."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen within {timeout:.0f} s: {what}\n{self.says()}"
            self.look_after()
            time.sleep(LOOK_EVERY)

    def send(self, count: int = 1, pause: float = 0.05, **options: object) -> list[uuid.UUID]:
        """Jobs with one effect each."""
        ids = [new_id() for _ in range(count)]
        for job_id in ids:
            enqueue("drill_send", {"key": str(job_id), "pause": pause}, job_id=job_id, **options)  # type: ignore[arg-type]
        return ids

    def settled(self, ids: Collection[uuid.UUID], timeout: float = PATIENCE) -> Counter[str]:
        """How many of the jobs ended in each status, once all have."""
        jobs = Job.objects.filter(pk__in=ids)
        self.until(
            lambda: jobs.filter(status__in=[*FINAL, "in_doubt"]).count() == len(ids),
            "every job settled",
            timeout,
        )
        return Counter(jobs.values_list("status", flat=True))

    def happened(self, ids: Collection[uuid.UUID]) -> list[int]:
        """How often the effect of each job happened."""
        counts = outside.counts(self.folder / outside.EFFECTS)
        return [counts[str(job_id)] for job_id in ids]

    def begun(self, count: int) -> Callable[[], bool]:
        """Whether so many jobs run."""
        return lambda: Job.objects.filter(status="processing").count() >= count

    def done_once(self, ids: Collection[uuid.UUID]) -> None:
        """Each job completed, each effect happened once."""
        assert self.settled(ids) == {"completed": len(ids)}
        assert self.happened(ids) == [1] * len(ids)

    def ready(self) -> None:
        """Everything runs and is well: workers beat, servers answer."""
        for program in self.programs:
            system.send(signal.SIGCONT, *program.tree())
        self.redis.go_on()
        if not self.redis.is_running():
            self.redis.start()
        if isinstance(self.database, Postgres):
            self.database.go_on()
            if not self.database.is_running():
                self.database.start()
        self.broker.heal()
        self.until(lambda: all(program.pid or program.is_done for program in self.programs), "all programs run")
        self.until(self._all_beat, "all workers beat")

    def worker_of(self, job_id: uuid.UUID) -> tuple[Program, int]:
        """The worker that runs a job, and the process of its pool."""
        job = Job.objects.get(pk=job_id)
        [worker] = [program for program in self.named("worker") if job.pid in program.children()]
        assert job.pid is not None
        return worker, job.pid

    def freeze(self, *pids: int) -> None:
        """Stop processes at a moment when none of them holds SQLite's one write lock: everybody else would wait too."""
        for _ in range(TRIES):
            system.send(signal.SIGSTOP, *pids)
            if self._can_be_written():
                return
            system.send(signal.SIGCONT, *pids)
            self._can_be_written()  # they come to the end of what they write: stopped before that, they hold it again
        raise AssertionError("they held the write lock at every try")

    def says(self) -> str:
        return "\n".join(f"--- {program.name}\n{program.says()[-1500:]}" for program in self.programs)

    def _can_be_written(self) -> bool:
        if not isinstance(self.database, Sqlite):
            return True
        with closing(sqlite3.connect(self.database.path, timeout=2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
            return True

    def _all_beat(self) -> bool:
        pids = {worker.pid for worker in self.named("worker")}
        return pids <= set(WorkerBeat.objects.values_list("pid", flat=True))


@contextmanager
def connected(rig: Rig) -> Iterator[None]:
    """This process's Django on the rig's database."""
    assert rig.database is not None
    of_the_tests = connections["default"], connections.settings["default"]
    mine = connections.configure_settings({"default": django_settings(rig.database.url)})
    connections.settings["default"] = mine["default"]
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"], connections.settings["default"] = of_the_tests


def lines(path: Path) -> int:
    """How many times a test's task left its mark."""
    return len(path.read_text().splitlines()) if path.exists() else 0


assert tasks.send is not None  # declared in this process too, which enqueues them
