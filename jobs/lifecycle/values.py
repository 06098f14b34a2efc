"""What goes into the ledger and comes out of it, and how its values are written for each database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from jobs.identity import Identity


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A wish, checked and ready to be written down."""

    task: str
    queue: str
    arguments: Mapping[str, Any]
    correlation_id: str
    max_retries: int
    soft_time_limit: float
    time_limit: float
    id: uuid.UUID
    key: str | None = None
    priority: int = 5
    owner_id: int | None = None
    parent_id: uuid.UUID | None = None
    batch_id: uuid.UUID | None = None
    schedule_id: int | None = None
    tick: datetime | None = None
    workflow: Mapping[str, Any] | None = None
    delay: float = 0
    run_at: datetime | None = None
    expires: float | None = None
    ring: bool = True
    unique_key: str = ""
    unique_scope: str = ""
    unique_slot: str | None = None


@dataclass(frozen=True)
class Written:
    id: uuid.UUID
    created_at: datetime
    run_at: datetime
    dispatch_at: datetime

    @property
    def due(self) -> bool:
        return self.run_at <= self.created_at


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


def row_of(job: NewJob) -> dict[str, Any]:
    return {
        **{name: getattr(job, name) for name in _PLAIN_COLUMNS},
        "id": param(job.id),
        "parent_id": param(job.parent_id),
        "batch_id": param(job.batch_id),
        "run_at": _moment(job.run_at),
        "tick": _moment(job.tick),
    }


_PLAIN_COLUMNS = [
    name for name in NewJob.__dataclass_fields__ if name not in ("id", "parent_id", "batch_id", "run_at", "tick")
]


def _moment(value: datetime | None) -> str | None:
    """A time as the database writes it, in UTC."""
    adapted: Any = connection.ops.adapt_datetimefield_value(value) if value else None
    return None if adapted is None else str(adapted)


def param(value: uuid.UUID | None) -> Any:
    if value is None:
        return None
    return value.hex if connection.vendor == "sqlite" else str(value)


def as_uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
