"""Procrastinate: a row for each job in PostgreSQL, workers woken by NOTIFY."""

import os
import sys
from collections.abc import Sequence

import psycopg
from procrastinate import App, PsycopgConnector  # type: ignore[import-not-found]

from benchmarks.marks import mark

app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@app.task(name="job")  # type: ignore[untyped-decorator]
def job(number: int) -> None:
    mark(number)


class Peer:
    def __init__(self) -> None:
        app.open()
        self.database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    def setup(self) -> None:
        app.schema_manager.apply_schema()

    def clear(self) -> None:
        self.database.execute("TRUNCATE procrastinate_jobs CASCADE")

    def enqueue_one(self, number: int) -> None:
        job.defer(number=number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        job.batch_defer(*({"number": number} for number in numbers))

    def is_drained(self, jobs: int) -> bool:
        row = self.database.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'").fetchone()
        return row is not None and row[0] >= jobs

    def programs(self, events: bool) -> dict[str, list[str]]:
        command = [sys.executable, "-m", "procrastinate", "--app=benchmarks.peers.procrastinate.app", "worker"]
        return {"worker": command, "second": command}
