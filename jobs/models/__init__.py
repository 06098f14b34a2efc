"""The ledger's tables."""

from jobs.models.alert import Alert, Silence, Telling
from jobs.models.batch import Batch, BatchStatus
from jobs.models.control import QueueControl, TaskControl
from jobs.models.effect import Effect, EffectQuerySet, EffectStatus
from jobs.models.grant import Grant, Role
from jobs.models.hold import HeldJob, Hold
from jobs.models.job import BADLY, FINAL, WAITING, Attempt, Checkpoint, Job, JobEvent, JobQuerySet, JobStatus
from jobs.models.process import Canary, Lease, Slots, WorkerBeat
from jobs.models.record import AuditEntry, IdempotencyKey, Quarantine, StageRun
from jobs.models.schedule import Schedule
from jobs.models.statistic import Counted, Slice, Tally, Total

__all__ = [
    "BADLY",
    "FINAL",
    "WAITING",
    "Alert",
    "Attempt",
    "AuditEntry",
    "Batch",
    "BatchStatus",
    "Canary",
    "Checkpoint",
    "Counted",
    "Effect",
    "EffectQuerySet",
    "EffectStatus",
    "Grant",
    "HeldJob",
    "Hold",
    "IdempotencyKey",
    "Job",
    "JobEvent",
    "JobQuerySet",
    "JobStatus",
    "Lease",
    "Quarantine",
    "QueueControl",
    "Role",
    "Schedule",
    "Silence",
    "Slice",
    "Slots",
    "StageRun",
    "Tally",
    "TaskControl",
    "Telling",
    "Total",
    "WorkerBeat",
]
