"""The count: what was accepted, against what really happened, both outside of the system under test."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.drill import outside
from jobs.drill.databases import Database
from jobs.drill.scratch import Scratch

LATE_AFTER = 60.0  # seconds after the last fault
FINAL = ("completed", "failed", "dead", "cancelled", "expired", "in_doubt")
SETTLED = "('completed', 'failed', 'dead', 'cancelled', 'expired')"
EPOCH = {
    "sqlite": "(julianday({}) - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch FROM {})::float8",
}


@dataclass
class Verdict:
    """`lost`, `doubled` and `doubts` hold the keys of jobs, each with what is wrong with it."""

    accepted: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, str] = field(default_factory=dict)
    in_doubt: int = 0
    late: int = 0
    slowest_enqueue: float = 0
    median_enqueue: float = 0

    @property
    def is_clean(self) -> bool:
        return not self.lost and not self.doubled


@dataclass(frozen=True)
class Row:
    """A job as the ledger has it."""

    key: str
    status: str
    attempt: int
    run_at: float
    finished_at: float | None
    reason: str


def unfinished(database: Database) -> int:
    """How many jobs have no outcome yet."""
    [[count]] = database.query("SELECT count(*) FROM jobs_job WHERE status IN ('pending', 'processing', 'retrying')")
    return int(count)


def of_ledger(scratch: Scratch, last_fault: float) -> Verdict:
    """Compare the files outside with the ledger. `last_fault` is in seconds since 1970."""
    database = scratch.database
    assert database is not None
    tasks = _accepted(scratch)
    rows = {row.key: row for row in _rows(database)}
    effects = outside.counts(scratch.folder / outside.EFFECTS)
    written = Counter(key for (key,) in database.query("SELECT key FROM drill_row"))
    cancelled = {entry["key"]: entry["answer"] for entry in outside.entries(scratch.folder / "cancelled")}
    verdict = _begin(scratch, tasks)
    for key, task in tasks.items():
        row = rows.get(key)
        if row is None:
            verdict.lost[key] = f"{task}: there is no such job"
            continue
        happened = written[key] if task == "drill_write" else effects[key]
        if why := _missing(task, row, happened, cancelled.get(key)):
            verdict.lost[key] = f"{task}: {why}; attempt {row.attempt}, {row.reason!r}"
        if happened > 1:
            verdict.doubled[key] = f"{task}: happened {happened} times"
        if happened and cancelled.get(key) == "done":
            verdict.doubled[key] = f"{task}: happened although it had been cancelled"
        verdict.in_doubt += row.status == "in_doubt"
        verdict.late += (row.finished_at or 0) - max(last_fault, row.run_at) > LATE_AFTER
    verdict.doubled |= dict(_settled_twice(database))
    return verdict


def of_effects(scratch: Scratch) -> Verdict:
    """Where there is no ledger: whatever was accepted is to have happened once."""
    tasks = _accepted(scratch)
    verdict = _begin(scratch, tasks)
    effects = outside.counts(scratch.folder / outside.EFFECTS)
    for key, task in tasks.items():
        if not effects[key]:
            verdict.lost[key] = f"{task}: did not happen"
        elif effects[key] > 1:
            verdict.doubled[key] = f"{task}: happened {effects[key]} times"
    return verdict


def _accepted(scratch: Scratch) -> dict[str, str]:
    return {entry["key"]: entry["task"] for entry in outside.entries(scratch.folder / outside.ACCEPTED)}


def _begin(scratch: Scratch, tasks: dict[str, str]) -> Verdict:
    took = sorted(entry["took"] for entry in outside.entries(scratch.folder / outside.ACCEPTED)) or [0.0]
    return Verdict(accepted=len(tasks), slowest_enqueue=took[-1], median_enqueue=took[len(took) // 2])


def _missing(task: str, row: Row, happened: int, cancel: str | None) -> str | None:
    """What an accepted job lacks at the end, or None."""
    wanted = {"failed"} if task == "drill_refused" else {"completed"}
    if task == "drill_send_blind":
        wanted |= {"in_doubt"}
    if cancel == "done":
        wanted = {"cancelled"}
    elif cancel == "asked":
        wanted |= {"cancelled"}
    if row.status not in wanted:
        return f"is {row.status}, not {' or '.join(sorted(wanted))}"
    if row.status == "completed" and task != "drill_quick" and not happened:
        return "is completed, and nothing happened"
    if row.status == "in_doubt" and row.attempt < 2:
        return "is in doubt though nothing broke it"
    return None


def _settled_twice(database: Database) -> Iterator[tuple[str, str]]:
    """By the witness in the database: outcomes that were left or given twice, attempts that went back."""
    for job, count in database.query(
        f"SELECT job, count(*) FROM drill_move WHERE became IN {SETTLED} AND was <> became "  # noqa: S608 - our own words
        "GROUP BY job HAVING count(*) > 1"
    ):
        yield str(uuid.UUID(job)), f"was settled {count} times"
    for job, was, became in database.query(
        f"SELECT job, was, became FROM drill_move WHERE was IN {SETTLED} OR attempt < attempt_was"  # noqa: S608
    ):
        yield str(uuid.UUID(job)), f"went from {was} to {became}"


def _rows(database: Database) -> Iterator[Row]:
    run_at, finished_at = (EPOCH[database.vendor].format(column) for column in ("run_at", "finished_at"))
    for row in database.query(
        f"SELECT key, status, attempt, {run_at}, {finished_at}, reason FROM jobs_job WHERE key IS NOT NULL"  # noqa: S608
    ):
        yield Row(*row)
