"""The platform's settings in a drill: minutes become seconds."""

from typing import Any

JOBS: dict[str, Any] = {
    "RETRY_DELAYS": [0.5, 1, 2],
    "GRACE": 5,
    "GRACE_LIMIT": 10,
    "LEASE_MARGIN": 5,
    "CANCEL_GRACE": 2,
    "BEAT_EVERY": 1,
    "BEAT_TTL": 4,
    "STOP_GRACE": 3,
    # A drill kills innocent jobs again and again: none of them is to be put aside for that.
    "DEATHS": 10_000,
    "ORPHANED": 10_000,
}
