"""Every verb of the ledger in any order, by owners of the present and of the past, on the real SQL."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django_celery_results.models import TaskResult
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs import clock, lifecycle
from jobs.config import config
from jobs.errors import Busy, Superseded
from jobs.identity import Identity
from jobs.lifecycle import CELERY_STATES, Claim
from jobs.models import FINAL, WAITING, Attempt, Effect, Job, JobStatus
from jobs.reports import Report, of_text
from tests.jobs.states import BROKEN, row, wish

WORKERS = [Identity(f"worker@{number}", uuid.UUID(int=number), 100 + number) for number in (1, 2)]
JOBS = 3  # few, so that what was said of an attempt long ago meets the next one
SCOPES = ["", "waiting", "running", "latest"]
AGAIN = {JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED}
VERBS: dict[str, Callable[[Claim], object]] = {
    "retry": lambda claim: lifecycle.retry(claim, BROKEN),
    "retry for free": lambda claim: lifecycle.retry(claim, BROKEN, after=0, counts=False),
    "snooze": lambda claim: lifecycle.snooze(claim, 0, "next page"),
    "fail": lambda claim: lifecycle.fail(claim, BROKEN),
    "discard": lambda claim: lifecycle.discard(claim, Report(reason="nothing to do")),
    "doubt": lambda claim: lifecycle.doubt(claim, BROKEN),
}


class Ledger(RuleBasedStateMachine):
    """`owner` is the model: which token each job belongs to, by what the verbs have answered so far."""

    jobs: Bundle[uuid.UUID] = Bundle("jobs")
    claims: Bundle[Claim] = Bundle("claims")  # of any age
    sights: Bundle[Job] = Bundle("sights")  # running jobs as a rescuer saw them, some time ago

    def __init__(self) -> None:
        super().__init__()
        self.owner: dict[uuid.UUID, uuid.UUID | None] = {}
        self.before: dict[uuid.UUID, Job] = {}
        self.shift = timedelta()
        self.replayed: set[uuid.UUID] = set()

    def teardown(self) -> None:
        clock.shift(timedelta())
        with connection.cursor() as cursor:  # faster than a DELETE with its cascades
            for model in (Attempt, Effect, TaskResult):
                model.objects.all().delete()
            cursor.execute("DELETE FROM jobs_jobevent")
            cursor.execute("DELETE FROM jobs_job")

    # What callers and people do

    @rule(
        target=jobs,
        scope=st.sampled_from(SCOPES),
        key=st.sampled_from("ab"),
        max_retries=st.integers(0, 2),
        expires=st.sampled_from([None, None, 20]),
        delay=st.sampled_from([0, 0, 30]),
    )
    @precondition(lambda self: Job.objects.exclude(status__in=FINAL).count() < JOBS)
    def enqueue(self, scope: str, key: str, max_retries: int, expires: float | None, delay: float) -> Any:
        slot = {"": None, "latest": f"{key}:waiting"}.get(scope, f"{scope}-{key}")
        unique = {
            "unique_key": slot and (key if scope == "latest" else slot),
            "unique_scope": scope,
            "unique_slot": slot,
        }
        new = wish(max_retries=max_retries, expires=expires, delay=delay, **(unique if scope else {}))
        taken = slot is not None and Job.objects.filter(unique_slot=slot).exists()
        written = lifecycle.insert([new])
        assert bool(written) != taken
        if not written:
            return multiple()
        self.owner[new.id] = None
        return new.id

    @rule(job=jobs)
    def cancel(self, job: uuid.UUID) -> None:
        was = row(job).status
        answer = lifecycle.cancel(job, by="ann", reason="")
        assert (answer is None) == (was in FINAL or was == JobStatus.IN_DOUBT)

    @rule(job=jobs)
    def replay(self, job: uuid.UUID) -> None:
        was = row(job).status
        try:
            again = lifecycle.replay(job, by="ann", reason="")
        except Busy:
            return
        assert again == (was in AGAIN)
        if again:
            self.replayed.add(job)

    @rule(job=jobs, happened=st.booleans())
    def resolve(self, job: uuid.UUID, happened: bool) -> None:
        effect = Effect.objects.filter(job=job, status="attempting").first()
        if effect is None:
            return
        was = row(job).status
        assert lifecycle.resolve(job, effect.pk, happened=happened, by="ann", reason="seen") == (
            was == JobStatus.IN_DOUBT
        )
        if was == JobStatus.IN_DOUBT:
            self.replayed.add(job)

    @rule(job=jobs, again=st.booleans())
    def fail_from_outside(self, job: uuid.UUID, again: bool) -> None:
        was = row(job).status
        status = lifecycle.fail_from_outside(job, BROKEN, again=again, by="ann")
        assert (status is None) == (was in FINAL or was == JobStatus.IN_DOUBT)
        self.ended(job, status is not None)

    # What workers do

    @rule(target=claims, job=jobs, worker=st.sampled_from(WORKERS))
    def claim_any(self, job: uuid.UUID, worker: Identity) -> Any:
        return self.claim(job, worker)

    @rule(target=claims, worker=st.sampled_from(WORKERS))
    def claim_what_waits(self, worker: Identity) -> Any:
        job = Job.objects.filter(status__in=WAITING, run_at__lte=clock.now()).order_by("-attempt").first()
        return self.claim(job.pk, worker) if job else multiple()

    @rule(claim=claims)
    def claim_again_after_a_lost_reply(self, claim: Claim) -> None:
        if self.owns(claim):
            again = lifecycle.claim(claim.id, claim.identity, claim.token)
            assert again is not None
            assert again.attempt == claim.attempt

    @rule(claim=claims)
    def complete(self, claim: Claim) -> None:
        settled = lifecycle.complete([(claim, '"done"')])
        assert (claim.id in settled) == self.owns(claim)
        self.ended(claim.id, bool(settled))

    @rule(
        claim=claims, verb=st.sampled_from(["retry", "retry", "retry for free", "snooze", "fail", "discard", "doubt"])
    )
    def settle(self, claim: Claim, verb: str) -> None:
        """A verb of the owner does something; one of somebody who was the owner does nothing."""
        if self.owns(claim):
            if verb == "doubt":
                self.begin_effect(claim)
            VERBS[verb](claim)
            self.ended(claim.id, True)
        else:
            with pytest.raises(Superseded):
                VERBS[verb](claim)

    @rule(claim=claims)
    def progress(self, claim: Claim) -> None:
        asked = lifecycle.progress(claim, 1, 2, "half")
        assert (asked is not None) == self.owns(claim)

    # What is done for those who are gone

    @rule(claim=claims, how=st.sampled_from(["died", "over its limit", "stopped"]))
    def lose(self, claim: Claim, how: str) -> None:
        """The guard is worker and process: whatever they run now is what they lost."""
        now, who = row(claim.id), claim.identity
        theirs = now.status == JobStatus.PROCESSING and (now.worker, now.pid) == (who.name, who.pid)
        if how == "stopped":
            lost = lifecycle.release(claim.id, who.name, who.pid, how)
        else:
            lost = lifecycle.lose(claim.id, who.name, who.pid, of_text(how), died=how == "died") is not None
        assert lost == theirs
        self.ended(claim.id, theirs)

    @rule(target=sights, job=jobs)
    def see(self, job: uuid.UUID) -> Any:
        seen = row(job)
        return seen if seen.status == JobStatus.PROCESSING else multiple()

    @rule(seen=consumes(sights), died=st.booleans())
    def rescue(self, seen: Job, died: bool) -> None:
        rescued = lifecycle.rescue(seen, "its worker is gone", died=died)
        assert rescued == (seen.claim is not None and self.owner[seen.pk] == seen.claim)
        self.ended(seen.pk, rescued)

    # What the dispatcher does

    @rule(limit=st.integers(1, 5))
    def ring(self, limit: int) -> None:
        rung = lifecycle.ring_due("email", limit)
        jobs = Job.objects.filter(pk__in=[due.id for due in rung])
        assert jobs.filter(status__in=WAITING, rung_at__isnull=False).count() == len(rung) <= limit

    @rule(job=jobs)
    def do_the_chores(self, job: uuid.UUID) -> None:
        lifecycle.not_rung([job])
        lifecycle.ring_lost("email", clock.now())
        lifecycle.expire_overdue()

    @rule(seconds=st.sampled_from([1, 700]))
    def time_passes(self, seconds: int) -> None:
        self.shift += timedelta(seconds=seconds)
        clock.shift(self.shift)

    # What always holds

    @invariant()
    def every_job_is_sound(self) -> None:
        now = {job.pk: job for job in Job.objects.all()}
        assert now.keys() == self.owner.keys()
        for job_id, job in now.items():
            before = self.before.get(job_id)
            if before is not None:
                self.moved_soundly(before, job)
            self.stands_soundly(job)
        self.before = now
        self.replayed.clear()

    def moved_soundly(self, before: Job, now: Job) -> None:
        assert before.attempt <= now.attempt <= before.attempt + 1
        if before.attempt < now.attempt:
            assert (before.status in WAITING, now.status) == (True, JobStatus.PROCESSING)
        if before.status != now.status and before.status in (*FINAL, JobStatus.IN_DOUBT):
            assert now.status == JobStatus.PENDING
            assert now.pk in self.replayed
        if before.status == JobStatus.COMPLETED:
            assert now.status == JobStatus.COMPLETED

    def stands_soundly(self, job: Job) -> None:
        running = job.status == JobStatus.PROCESSING
        assert job.claim == (self.owner[job.pk] if running else None)
        assert (job.lease_until is not None) == running
        assert (job.finished_at is not None) == (job.status in (*FINAL, JobStatus.IN_DOUBT))
        assert (job.dispatch_at is not None) == (job.status in WAITING)  # what waits is rung some time
        if job.status in (*WAITING, JobStatus.PROCESSING):
            assert job.failures <= job.max_retries
            assert job.deaths < config().DEATHS
            assert job.orphaned < config().ORPHANED
        if job.status in FINAL and job.unique_scope != "period":
            assert job.unique_slot is None
        stored = TaskResult.objects.filter(task_id=str(job.pk)).values_list("status", flat=True).first()
        if job.status == JobStatus.COMPLETED:
            assert stored == "SUCCESS"
        elif job.status in (*FINAL, JobStatus.IN_DOUBT):
            assert stored == CELERY_STATES[JobStatus(job.status)]

    @invariant()
    def nobody_runs_beside_the_only_one_of_a_kind(self) -> None:
        running = Job.objects.filter(status=JobStatus.PROCESSING, unique_scope__in=["running", "latest"])
        keys = list(running.values_list("unique_key", flat=True))
        assert len(keys) == len(set(keys))

    def claim(self, job: uuid.UUID, worker: Identity) -> Any:
        was, token = row(job), uuid.uuid4()
        claim = lifecycle.claim(job, worker, token)
        if claim is None:
            return multiple()
        assert was.status in WAITING
        assert was.cancel_requested_at is None
        assert was.run_at <= clock.now()
        self.owner[job] = token
        return claim

    def owns(self, claim: Claim) -> bool:
        return self.owner[claim.id] == claim.token

    def begin_effect(self, claim: Claim) -> None:
        about = {"job_id": claim.id, "attempt": claim.attempt, "kind": "mail", "created_at": clock.now()}
        Effect.objects.get_or_create(key=str(claim.id), defaults=about)

    def ended(self, job: uuid.UUID, it_did: bool) -> None:
        if it_did:
            self.owner[job] = None


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_no_order_of_verbs_breaks_the_ledger() -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=40,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
