"""What goes into the ledger and comes out of it, and how its values are written for each database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from jobs.arguments import Bound
from jobs.clock import aware
from jobs.identity import Identity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What all jobs of one call have in common."""

    task: str
    queue: str
    correlation_id: str
    max_retries: int
    soft_time_limit: float
    time_limit: float
    priority: int = 5
    parent_id: uuid.UUID | None = None
    batch_id: uuid.UUID | None = None
    schedule_id: int | None = None
    tick: datetime | None = None
    workflow: Mapping[str, Any] | None = None
    delay: float = 0
    run_at: datetime | None = None
    expires: float | None = None
    unique_key: str = ""
    unique_scope: str = ""
    unique_slot: str | None = None
    trace: str | None = None


class NewJob(NamedTuple):
    """A wish, checked and ready to be written down."""

    id: uuid.UUID
    terms: Terms
    arguments: Bound
    key: str | None = None
    owner_id: int | None = None
    ring: bool = True


class Written(NamedTuple):
    """A job that was written down. Its times are as the database gave them: made readable only where they are read."""

    id: uuid.UUID
    created: int | str
    run: int | str
    dispatch: int | str

    @property
    def created_at(self) -> datetime:
        return moment(self.created)

    @property
    def run_at(self) -> datetime:
        return self.created_at if self.run == self.created else moment(self.run)

    @property
    def dispatch_at(self) -> datetime:
        return self.created_at if self.dispatch == self.created else moment(self.dispatch)

    @property
    def due(self) -> bool:
        return self.run <= self.created  # type: ignore[operator]  # both are of one kind


@dataclass(frozen=True)
class Due:
    """A job whose doorbell is to be rung now."""

    id: uuid.UUID
    task: str
    soft_time_limit: float
    time_limit: float
    at: datetime


@dataclass(frozen=True)
class Claim:
    """The right to run one attempt of a job, with what it needs."""

    id: uuid.UUID
    token: uuid.UUID
    attempt: int
    failures: int
    max_retries: int
    task: str
    queue: str
    arguments: dict[str, Any]
    owner_id: int | None
    correlation_id: str
    workflow: dict[str, Any] | None
    batch_id: uuid.UUID | None
    soft_time_limit: float
    time_limit: float
    unique_key: str = ""
    unique_scope: str = ""
    trace: str | None = None
    due: int | str | None = None  # as the database writes it
    identity: Identity = field(compare=False, repr=False, kw_only=True)


def claim_of(job_id: uuid.UUID, token: uuid.UUID, identity: Identity, row: tuple[Any, ...]) -> Claim:
    """A claim from what its statement returned."""
    attempt, failures, max_retries, task, queue, arguments, owner, correlation, workflow, batch, *rest = row
    return Claim(
        job_id,
        token,
        attempt,
        failures,
        max_retries,
        task,
        queue,
        json.loads(arguments),
        owner,
        correlation,
        json.loads(workflow) if workflow else None,
        as_uuid(batch) if batch else None,
        *rest,
        identity=identity,
    )


def columns_of(job: NewJob) -> dict[str, Any]:
    """One by one, for the statement that writes a single job on PostgreSQL."""
    return job.terms.__dict__ | {
        "id": job.id,
        "key": job.key,
        "owner_id": job.owner_id,
        "ring": job.ring,
        "arguments": job.arguments.text,
        "workflow": None if job.terms.workflow is None else json.dumps(job.terms.workflow),
    }


def terms_text(terms: Terms) -> str:
    """As JSON for the statement."""
    return json.dumps(
        terms.__dict__
        | {
            "parent_id": param(terms.parent_id),
            "batch_id": param(terms.batch_id),
            "run_at": _moment(terms.run_at),
            "tick": _moment(terms.tick),
        }
    )


def rows_text(jobs: Iterable[NewJob]) -> str:
    """As JSON for the statement. What is JSON already is not made again."""
    hexed = connection.vendor == "sqlite"
    return f"[{','.join([_row_text(job, job.id.hex if hexed else str(job.id)) for job in jobs])}]"


def _row_text(job: NewJob, job_id: str) -> str:
    key = "null" if job.key is None else json.dumps(job.key)
    owner = "null" if job.owner_id is None else job.owner_id
    ring = "true" if job.ring else "false"
    return f'{{"id":"{job_id}","key":{key},"owner_id":{owner},"ring":{ring},"arguments":{job.arguments.text}}}'


def _moment(value: datetime | None) -> str | None:
    """A time as the database writes it, in UTC."""
    adapted: Any = connection.ops.adapt_datetimefield_value(value) if value else None
    return None if adapted is None else str(adapted)


def param(value: uuid.UUID | None) -> Any:
    if value is None:
        return None
    return value.hex if connection.vendor == "sqlite" else str(value)


def moment(value: int | str) -> datetime:
    """A time from microseconds since 1970, or as SQLite writes it."""
    return EPOCH + timedelta(microseconds=value) if isinstance(value, int) else aware(value)


def as_uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
