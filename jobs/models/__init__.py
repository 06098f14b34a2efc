"""The ledger's tables."""

from jobs.models.batch import Batch, BatchStatus
from jobs.models.control import QueueControl, TaskControl
from jobs.models.effect import Effect, EffectStatus
from jobs.models.job import FINAL, WAITING, Attempt, Checkpoint, Job, JobEvent, JobQuerySet, JobStatus
from jobs.models.process import Canary, Lease, WorkerBeat
from jobs.models.record import AuditEntry, IdempotencyKey, Quarantine
from jobs.models.schedule import Schedule

__all__ = [
    "FINAL",
    "WAITING",
    "Attempt",
    "AuditEntry",
    "Batch",
    "BatchStatus",
    "Canary",
    "Checkpoint",
    "Effect",
    "EffectStatus",
    "IdempotencyKey",
    "Job",
    "JobEvent",
    "JobQuerySet",
    "JobStatus",
    "Lease",
    "Quarantine",
    "QueueControl",
    "Schedule",
    "TaskControl",
    "WorkerBeat",
]
