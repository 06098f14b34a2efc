"""The only writes of a job's state. Each verb is guarded and says whether it did anything.

Every write after the claim carries its token: a worker that was presumed dead cannot overwrite its successor.
"""

from jobs.lifecycle.again import AGAIN, Replayed, replay, replay_many
from jobs.lifecycle.ending import Cancelled, cancel_many, cancel_waiting, expire_overdue
from jobs.lifecycle.holding import hold, park, release_hold, wake_released
from jobs.lifecycle.keeping import keep, kept
from jobs.lifecycle.losing import lose, release, rescue
from jobs.lifecycle.moves import CELERY_STATES, backoff, lock
from jobs.lifecycle.running import cancel_asked, claim, complete, discard, doubt, fail, progress, retry, snooze
from jobs.lifecycle.steering import cancel, change, change_arguments, fail_from_outside, replace_arguments, resolve
from jobs.lifecycle.values import Claim, Due, NewJob, Terms, Written
from jobs.lifecycle.waiting import (
    insert,
    leave,
    not_rung,
    ring_due,
    ring_lost,
    wake_held,
    wake_refused,
)

__all__ = [
    "AGAIN",
    "CELERY_STATES",
    "Cancelled",
    "Claim",
    "Due",
    "NewJob",
    "Replayed",
    "Terms",
    "Written",
    "backoff",
    "cancel",
    "cancel_asked",
    "cancel_many",
    "cancel_waiting",
    "change",
    "change_arguments",
    "claim",
    "complete",
    "discard",
    "doubt",
    "expire_overdue",
    "fail",
    "fail_from_outside",
    "hold",
    "insert",
    "keep",
    "kept",
    "leave",
    "lock",
    "lose",
    "not_rung",
    "park",
    "progress",
    "release",
    "release_hold",
    "replace_arguments",
    "replay",
    "replay_many",
    "rescue",
    "resolve",
    "retry",
    "ring_due",
    "ring_lost",
    "snooze",
    "wake_held",
    "wake_refused",
    "wake_released",
]
