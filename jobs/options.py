"""What may be said of a job besides its arguments."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from jobs.correlation import acceptable
from jobs.errors import Refused
from jobs.reports import storable
from jobs.uniqueness import Unique


class EnqueueOptions(TypedDict, total=False):
    """Each may be left out."""

    delay: float  # seconds to wait at least
    run_at: datetime | None  # not before this; instead of `delay`
    expires: float | None  # seconds after which it is not started any more
    priority: int  # 0 (first) to 9; 5 by default
    max_retries: int | None  # runs after the first; the task's own by default
    soft_time_limit: float | None  # seconds; the task's own by default
    time_limit: float | None
    key: str | None  # the caller's own id, up to 200 characters; seen before, the same job is returned
    job_id: uuid.UUID | None
    owner_id: int | None  # the user it works for; by default its `user_id` argument, else the running job's owner
    correlation_id: str | None  # by default the running job's, or the request's
    unique: Unique | None  # the only one of its kind; while it is busy the same job is returned
    batch_id: uuid.UUID | None
    schedule_id: int | None  # the schedule that makes it,
    tick: datetime | None  # and for which time
    workflow: Mapping[str, Any] | None  # what Celery's chain or links have follow it


NAMES = EnqueueOptions.__annotations__.keys()
RANGES = {
    "delay": (0, 10**9, "seconds from 0 on"),
    "expires": (0, 10**9, "seconds from 0 on"),
    "priority": (0, 9, "0 (first) to 9"),
    "max_retries": (0, 1000, "0 to 1000"),
    "soft_time_limit": (0.001, 10**6, "seconds"),
    "time_limit": (0.001, 10**6, "seconds"),
    "owner_id": (0, 2**63 - 1, "a user's number"),
}


def check(options: EnqueueOptions) -> None:
    """As Python does of a name that it does not know: untyped code would have its wish left out without a word.

    Raises:
        TypeError: naming an option that there is not.
        Refused: naming the first option that is out of its range.
    """
    if unknown := options.keys() - NAMES:
        raise TypeError(f"There is no option {min(unknown)!r} of a job. Options: {', '.join(NAMES)}.")
    for name, (least, most, remedy) in RANGES.items():
        value: Any = options.get(name)
        if value is not None and not least <= value <= most:  # so that NaN is refused too
            raise Refused(f"{name} is {value}: give {remedy}.", field=name)
    run_at, key, correlation_id = options.get("run_at"), options.get("key"), options.get("correlation_id")
    if run_at is not None and run_at.tzinfo is None:
        raise Refused("run_at has no time zone: give an aware datetime.", field="run_at")
    if key is not None and (not 0 < len(key) <= 200 or storable(key) != key):
        raise Refused("job_id is to be 1 to 200 characters of text.", field="job_id")
    if correlation_id is not None and not acceptable(correlation_id):
        raise Refused("correlation_id is to be 1 to 64 letters, digits and ._:-", field="correlation_id")
