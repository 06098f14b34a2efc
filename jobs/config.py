"""The platform's own settings: `JOBS` in Django's settings, with typed defaults. Nothing else reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

STAFF_ROLES = ("", "viewer", "operator", "admin")


@dataclass(frozen=True, kw_only=True)
class Config:
    """All times are seconds."""

    RETRY_DELAYS: Sequence[float] = (30, 120, 600)  # the last one repeats
    RETRY_JITTER: float = 0.2  # a delay of d becomes d to d * (1 + this)
    GRACE: float = 60  # a rung job that nobody claims is rung again after this, doubling to GRACE_LIMIT
    GRACE_LIMIT: float = 600
    UNKNOWN_GRACE: float = 5  # one whose task its worker did not know, after this, doubling to GRACE_LIMIT
    LEASE_MARGIN: float = 15  # a lease outlives the hard time limit by this
    CANCEL_GRACE: float = 10  # a running job that ignores its cancel is stopped after this
    BUFFER: int = 64  # messages a queue may hold in the broker before anything is known of its workers
    BUFFER_LIMIT: int = 500
    PUSH_TIMEOUT: float = 0.2  # connecting to, and each answer of, the broker while enqueueing
    BEAT_EVERY: float = 3
    BEAT_TTL: float = 12
    CANARY_EVERY: float = 60  # a small job goes through each queue this often, to see that its workers consume; 0: none
    CANARY_WITHIN: float = 15  # and is expected back within this
    DEATHS: int = 2  # a job whose own process died under it this often is put aside
    ORPHANED: int = 5  # and one whose whole worker vanished this often
    ARGUMENTS_LIMIT: int = 65_536  # bytes of JSON
    RESULT_LIMIT: int = 1_048_576  # bytes of JSON
    CHECKPOINT_LIMIT: int = 65_536  # bytes of JSON
    RETENTION: Mapping[str, float] = field(  # days that a finished job is kept, by `status` and `status:queue`
        default_factory=lambda: {"completed": 14, "cancelled": 30, "expired": 30, "failed": 90, "dead": 90}
    )
    STOP_GRACE: float = 25  # a stopping worker lets its jobs run on this long
    TICK_TOKEN: str = ""  # who sends it to /api/tick may have jobs run there; without one, only staff may
    TICK_SECONDS: float = 50  # and for this long at most
    ALERT_WEBHOOK: str = ""  # where alerts are posted
    ALERT_SECRET: str = ""  # and with what they are signed
    ALERT_MAIL: Sequence[str] = ()  # to whom they are mailed
    ALERT_AFTER: float = 60  # what comes and goes has to last this long to be told, and to be gone this long to be over
    ALERT_QUEUE_AGE: float = 300  # of a queue's oldest due job
    ALERT_TOTAL: float = 60  # from enqueued to ended, of 95 in 100 jobs of ten minutes
    ALERT_FAILURES: float = 0.05  # share of the jobs of ten minutes
    GROUP: int = 20  # successful jobs that one process settles in one statement, at most
    GROUP_FOR: float = 0.005  # and the longest that a settling waits for others
    PREPARE: bool = True  # prepared statements on PostgreSQL; off behind a pooler that shares sessions
    STAFF_ROLE: str = "viewer"  # of staff who were granted none: viewer, operator, admin, or "" for none
    TRACES: bool = False  # OpenTelemetry: its own variables say where spans go
    FALLBACK: bool = True  # jobs run in this process's threads and in the dispatcher while the broker is away


@cache
def config() -> Config:
    """The settings in force.

    Raises:
        ImproperlyConfigured: an unknown name in `settings.JOBS`.
    """
    given: dict[str, Any] = getattr(settings, "JOBS", {})
    known = {option.name for option in fields(Config)}
    if unknown := given.keys() - known:
        raise ImproperlyConfigured(f"JOBS has no {sorted(unknown)[0]!r}. It knows: {', '.join(sorted(known))}.")
    if given.get("STAFF_ROLE", "") not in STAFF_ROLES:
        raise ImproperlyConfigured(f"JOBS_STAFF_ROLE is {given['STAFF_ROLE']!r}: give viewer, operator, admin or none.")
    return Config(**given)


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "JOBS":
        config.cache_clear()


setting_changed.connect(_forget, dispatch_uid="jobs.config")
