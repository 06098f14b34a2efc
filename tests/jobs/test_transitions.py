"""The whole table: which verb moves a job from which state to which, and that nothing else does."""

import uuid
from collections.abc import Callable

import pytest

from jobs import lifecycle
from jobs.clock import Now
from jobs.errors import Superseded
from jobs.lifecycle import Claim
from jobs.models import Job, JobStatus
from jobs.reports import Report
from tests.jobs.states import BROKEN, HERE, alter, everything, in_state, make_due, row

pytestmark = pytest.mark.django_db


def claim_of(job: Job) -> Claim:
    """What a process would hold that believes to run the job's latest attempt."""
    return Claim(
        *(job.pk, job.claim or uuid.uuid4(), job.attempt, job.failures, 3, "echo", "email"),
        *({}, None, "c", None, None, 285, 300),
        identity=HERE,
    )


VERBS: dict[str, Callable[[Job], object]] = {
    "claim": lambda job: lifecycle.claim(make_due(job).pk, HERE, uuid.uuid4()),
    "complete": lambda job: lifecycle.complete([(claim_of(job), "1")]),
    "retry": lambda job: lifecycle.retry(claim_of(job), BROKEN),
    "snooze": lambda job: lifecycle.snooze(claim_of(job), 0, ""),
    "fail": lambda job: lifecycle.fail(claim_of(job), BROKEN),
    "discard": lambda job: lifecycle.discard(claim_of(job), Report()),
    "doubt": lambda job: lifecycle.doubt(claim_of(job), BROKEN),
    "lose": lambda job: lifecycle.lose(job.pk, HERE.name, HERE.pid, BROKEN, died=True),
    "release": lambda job: lifecycle.release(job.pk, HERE.name, HERE.pid, "stopped"),
    "rescue": lambda job: lifecycle.rescue(job, "gone", died=False),
    "cancel": lambda job: lifecycle.cancel(job.pk, by="ann", reason=""),
    "cancel_waiting": lambda job: lifecycle.cancel_waiting(job.queue, 10, by="ann"),
    "replay": lambda job: lifecycle.replay(job.pk, by="ann", reason=""),
    "fail_from_outside": lambda job: lifecycle.fail_from_outside(job.pk, BROKEN, again=False, by="ann"),
    "expire": lambda job: alter(job, expires_at=Now(-1)) and lifecycle.expire_overdue(),
}

WAITING_TOO = {
    "claim": "processing",
    "cancel": "cancelled",
    "cancel_waiting": "cancelled",
    "fail_from_outside": "failed",
}
AGAIN = {"replay": "pending"}
MAY_BECOME: dict[str, dict[str, str]] = {
    "pending": WAITING_TOO | {"expire": "expired"},
    "retrying": WAITING_TOO,
    "processing": {
        "complete": "completed",
        "retry": "retrying",
        "snooze": "pending",
        "fail": "failed",
        "discard": "cancelled",
        "doubt": "in_doubt",
        "lose": "retrying",
        "release": "pending",
        "rescue": "retrying",
        "cancel": "processing",
        "fail_from_outside": "failed",
    },
    "completed": {},
    "failed": AGAIN,
    "dead": AGAIN,
    "cancelled": AGAIN,
    "expired": AGAIN,
    "in_doubt": {},
}


@pytest.mark.parametrize("state", JobStatus.values)
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_from_every_state(state: str, verb: str) -> None:
    job = in_state(state)
    before = everything(job.pk)
    try:
        did = VERBS[verb](job)
    except Superseded:
        did = None
    allowed = MAY_BECOME[state]
    assert bool(did) == (verb in allowed)
    assert row(job.pk).status == allowed.get(verb, state)
    if verb not in allowed:
        times = {"run_at", "dispatch_at", "expires_at"}  # moved by the test itself
        after = everything(job.pk)
        assert {k: v for k, v in after["job"].items() if k not in times} == {
            k: v for k, v in before["job"].items() if k not in times
        }
        assert (after["result"], after["attempts"]) == (before["result"], before["attempts"])


def test_the_table_knows_every_state() -> None:
    assert set(MAY_BECOME) == set(JobStatus.values)
