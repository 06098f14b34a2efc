"""For the tests of tasks and of code that enqueues them: assert, drain, stop the clock, crash.

    with frozen_clock() as clock:
        assert_enqueued("send_email", {"to": "jo@acme.test"}, delay=3600)
        clock.advance(3600)
        with crash("after effect"):
            drain()

Works in a Django TestCase and in pytest, whose fixtures are `jobs.testing.fixtures`. No worker, no Redis.
"""

from jobs.testing.crashing import POINTS, Crashed, crash
from jobs.testing.draining import Ran, drain, no_ringing, run_job
from jobs.testing.enqueued import assert_enqueued, assert_not_enqueued, enqueued
from jobs.testing.frozen import FrozenClock, frozen_clock

__all__ = [
    "POINTS",
    "Crashed",
    "FrozenClock",
    "Ran",
    "assert_enqueued",
    "assert_not_enqueued",
    "crash",
    "drain",
    "enqueued",
    "frozen_clock",
    "no_ringing",
    "run_job",
]
