"""How the database finds what it is asked for: what waits, and what the chores look for, however full the ledger is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from jobs import batches, executor, lifecycle, pausing, prune
from jobs.clock import now
from jobs.models import Job, TaskControl
from jobs.rescue import Rescuer
from tests.jobs.states import ended, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("full_ledger")]

DOUBLINGS = 10  # of a handful of rows
SMALL = {"job_running"}  # holds only what runs now: may be read as a whole
Read = dict[str, Any]


@pytest.fixture
def full_ledger() -> None:
    """Many jobs that have ended, many that wait for tomorrow; the database knows how many."""
    ended("completed")
    put(delay=86_400)
    put(delay=86_400, expires=90_000)
    columns = [str(field.column) for field in Job._meta.concrete_fields if field.column != "id"]
    new_id = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        for _ in range(DOUBLINGS):
            cursor.execute(f"INSERT INTO jobs_job (id, {names}) SELECT {new_id}, {names} FROM jobs_job")
        cursor.execute("ANALYZE")


def reads(act: Callable[[], object]) -> Iterator[Read]:
    """How the statements of an act read the table of jobs."""
    asked: list[tuple[str, Any]] = []

    def remember(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        act()
    for sql, params in asked:
        if "jobs_job" in sql and sql.lstrip("-(").split()[0] not in ("SAVEPOINT", "RELEASE", "EXPLAIN"):
            yield from _reads_of(sql, params)


def _reads_of(sql: str, params: Any) -> list[Read]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            details = [row[3] for row in cursor.fetchall()]
            return [_of_sqlite(detail) for detail in details if " jobs_job" in detail]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        answer = cursor.fetchone()[0]
    [plan] = json.loads(answer) if isinstance(answer, str) else answer
    return [_of_postgresql(node) for node in _nodes(plan["Plan"]) if _is_read(node)]


def _of_sqlite(detail: str) -> Read:
    how, _, index = detail.partition(" INDEX ")
    return {"index": index.split(" ")[0], "by": "(" in index or "PRIMARY KEY" in how, "plan": detail}


def _of_postgresql(node: Read) -> Read:
    return {"index": node.get("Index Name", ""), "by": "Index Cond" in node, "plan": node}


def _nodes(plan: Read) -> Iterator[Read]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _is_read(node: Read) -> bool:
    is_of_jobs = node.get("Relation Name") == "jobs_job" or str(node.get("Index Name", "")).startswith("job")
    return is_of_jobs and node["Node Type"] in ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan")


def assert_looked_up(act: Callable[[], object]) -> None:
    """The table of jobs is read by looking something up in an index, never as a whole."""
    found = list(reads(act))
    assert found, "it did not read the table of jobs"
    whole = [read for read in found if not read["by"] and read["index"] not in SMALL]
    assert not whole, whole


def test_ringing_looks_up_what_is_due() -> None:
    put()
    assert_looked_up(lambda: lifecycle.ring_due("email", 100))


def test_ringing_when_nothing_is_due_looks_up_nothing_else() -> None:
    assert_looked_up(lambda: lifecycle.ring_due("email", 100))


def test_lost_rings_are_looked_up() -> None:
    put(ring=True)
    assert_looked_up(lambda: lifecycle.ring_lost("email", now()))


def test_refused_rings_are_looked_up() -> None:
    assert_looked_up(lambda: lifecycle.not_rung([put(ring=True).pk]))


def test_what_was_not_started_in_time_is_looked_up() -> None:
    put(expires=0)
    assert_looked_up(lifecycle.expire_overdue)


def test_what_a_pause_that_is_over_held_is_looked_up() -> None:
    TaskControl.objects.create(name="echo", paused=False)
    assert_looked_up(pausing.run_once)


def test_old_jobs_are_looked_up() -> None:
    assert_looked_up(prune.run_once)


def test_jobs_of_the_dead_are_looked_up() -> None:
    rescuer = Rescuer()
    rescuer._watching_since -= 100
    assert_looked_up(rescuer.run_once)


def test_members_of_batches_are_looked_up() -> None:
    batch = batches.create("sync")
    put(batch_id=batch.pk)
    assert_looked_up(batches.run_once)


def test_a_job_is_claimed_and_settled_by_its_id() -> None:
    job = put()
    assert_looked_up(lambda: executor.run(job.pk))
