"""What may be said of a job besides its arguments."""

from __future__ import annotations

from datetime import datetime

from jobs.correlation import acceptable
from jobs.errors import Refused
from jobs.reports import storable

RANGES = {
    "delay": (0, 10**9, "seconds from 0 on"),
    "expires": (0, 10**9, "seconds from 0 on"),
    "priority": (0, 9, "0 (first) to 9"),
    "max_retries": (0, 1000, "0 to 1000"),
    "soft_time_limit": (0.001, 10**6, "seconds"),
    "time_limit": (0.001, 10**6, "seconds"),
    "owner_id": (0, 2**63 - 1, "a user's number"),
}


def check_numbers(**given: float | None) -> None:
    """Raises Refused, naming the first option that is out of its range."""
    for name, value in given.items():
        least, most, remedy = RANGES[name]
        if value is not None and not least <= value <= most:  # so that NaN is refused too
            raise Refused(f"{name} is {value}: give {remedy}.", field=name)


def check_time(run_at: datetime | None) -> None:
    if run_at is not None and run_at.tzinfo is None:
        raise Refused("run_at has no time zone: give an aware datetime.", field="run_at")


def check_texts(key: str | None, correlation_id: str | None) -> None:
    if key is not None and (not 0 < len(key) <= 200 or storable(key) != key):
        raise Refused("job_id is to be 1 to 200 characters of text.", field="job_id")
    if correlation_id is not None and not acceptable(correlation_id):
        raise Refused("correlation_id is to be 1 to 64 letters, digits and ._:-", field="correlation_id")
