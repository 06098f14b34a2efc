"""Every verb of the ledger in any order, by owners of the present and of the past, on the real SQL."""

import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django_celery_results.models import TaskResult
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
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
from jobs.testing import frozen_clock
from tests.jobs.states import BROKEN, row, wish

WORKERS = [Identity(f"worker@{number}", uuid.UUID(int=number), 100 + number) for number in (1, 2)]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600
JOBS = 3  # few, so that what was said of an attempt long ago meets the next one
SCOPES = ["", "", "waiting", "running", "latest"]
WISHES = st.fixed_dictionaries(
    {
        "scope": st.sampled_from(SCOPES),
        "key": st.sampled_from("ab"),
        "max_retries": st.integers(0, 4),
        "expires": st.sampled_from([None, None, None, 20]),
        "delay": st.sampled_from([0, 0, 0, 30]),
    }
)
AGAIN = {JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED, JobStatus.EXPIRED}
VERBS: dict[str, Callable[[Claim], object]] = {
    "retry": lambda claim: lifecycle.retry(claim, BROKEN),
    "retry for free": lambda claim: lifecycle.retry(claim, BROKEN, after=0, counts=False),
    "snooze": lambda claim: lifecycle.snooze(claim, 0, "next page"),
    "fail": lambda claim: lifecycle.fail(claim, BROKEN),
    "discard": lambda claim: lifecycle.discard(claim, Report(reason="nothing to do")),
    "doubt": lambda claim: lifecycle.doubt(claim, BROKEN),
}
SHORT = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # to have a failure made short, add Phase.shrink
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
LONG = settings(SHORT, max_examples=1000, derandomize=False)


class Ledger(RuleBasedStateMachine):
    """`owner` is the model: which token each job belongs to, by what the verbs have answered so far."""

    jobs: Bundle[uuid.UUID] = Bundle("jobs")
    claims: Bundle[Claim] = Bundle("claims")  # of any age

    def __init__(self) -> None:
        super().__init__()
        self.owner: dict[uuid.UUID, uuid.UUID | None] = {}
        self.before: dict[uuid.UUID, Job] = {}
        self.sights: list[Job] = []  # as a rescuer saw them, some time ago
        self.replayed: set[uuid.UUID] = set()
        # What can be done next is not to depend on how long the last step took.
        self.stopped = ExitStack()
        self.clock = self.stopped.enter_context(frozen_clock(BEGAN))

    def teardown(self) -> None:
        self.stopped.close()
        with connection.cursor() as cursor:  # faster than a DELETE with its cascades
            for model in (Attempt, Effect, TaskResult):
                model.objects.all().delete()
            cursor.execute("DELETE FROM jobs_jobevent")
            cursor.execute("DELETE FROM jobs_job")

    # Few rules, each with many ways, so that every walk has some of everything.

    @initialize(target=jobs, wishes=st.lists(WISHES, min_size=2, max_size=JOBS))
    def begin(self, wishes: list[dict[str, Any]]) -> Any:
        return multiple(*(job for one in wishes if (job := self.insert(**one))))

    @precondition(lambda self: Job.objects.exclude(status__in=FINAL).count() < JOBS)
    @rule(target=jobs, one=WISHES)
    def enqueue(self, one: dict[str, Any]) -> Any:
        return self.insert(**one) or multiple()

    @rule(job=jobs, act=st.sampled_from(["cancel", "replay", "replay", "resolve", "fail_from_outside"]))
    def people_act(self, job: uuid.UUID, act: str) -> None:
        getattr(self, act)(job)

    @rule(target=claims, job=jobs, worker=st.sampled_from(WORKERS), due=st.sampled_from([True, True, True, False]))
    def a_worker_claims(self, job: uuid.UUID, worker: Identity, due: bool) -> Any:
        waits = Job.objects.filter(status__in=WAITING, run_at__lte=clock.now()).order_by("-attempt", "pk").first()
        return self.claim(waits.pk if due and waits else job, worker) or multiple()

    @rule(claim=claims, verb=st.sampled_from(["complete", "progress", "claim_again", *VERBS]))
    def a_worker_settles(self, claim: Claim, verb: str) -> None:
        """A verb of the owner does something; one of somebody who was the owner does nothing."""
        if verb not in VERBS:
            getattr(self, verb)(claim)
        elif self.owns(claim):
            if verb == "doubt":
                self.begin_effect(claim)
            VERBS[verb](claim)
            self.ended(claim.id)
        else:
            with pytest.raises(Superseded):
                VERBS[verb](claim)

    @rule(claim=claims, how=st.sampled_from(["died", "over its limit", "stopped", "seen", "rescued"]))
    def a_worker_is_gone(self, claim: Claim, how: str) -> None:
        match how:
            case "seen":
                self.sights.append(row(claim.id))
            case "rescued":
                self.rescue(self.sights.pop(0) if self.sights else row(claim.id))
            case _:
                self.lose(claim, how)

    @rule(job=jobs, act=st.sampled_from(["ring", "do_the_chores"]))
    def the_dispatcher_acts(self, job: uuid.UUID, act: str) -> None:
        getattr(self, act)(job)

    @rule(seconds=st.sampled_from([1, 10, HOUR, HOUR]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    # The ways

    def cancel(self, job: uuid.UUID) -> None:
        was = row(job).status
        answer = lifecycle.cancel(job, by="ann", reason="")
        assert (answer is None) == (was in FINAL or was == JobStatus.IN_DOUBT)

    def replay(self, job: uuid.UUID) -> None:
        was = row(job).status
        try:
            again = lifecycle.replay(job, by="ann", reason="")
        except Busy:
            return
        assert again == (was in AGAIN)
        if again:
            self.replayed.add(job)

    def resolve(self, job: uuid.UUID) -> None:
        effect = Effect.objects.filter(job=job, status="attempting").first()
        if effect is None:
            return
        was = row(job).status
        resolved = lifecycle.resolve(job, effect.pk, happened=True, by="ann", reason="seen")
        assert resolved == (was == JobStatus.IN_DOUBT)
        if resolved:
            self.replayed.add(job)

    def fail_from_outside(self, job: uuid.UUID) -> None:
        was = row(job).status
        status = lifecycle.fail_from_outside(job, BROKEN, again=True, by="ann")
        assert (status is None) == (was in FINAL or was == JobStatus.IN_DOUBT)
        if status is not None:
            self.ended(job)

    def complete(self, claim: Claim) -> None:
        settled = lifecycle.complete([(claim, '"done"')])
        assert (claim.id in settled) == self.owns(claim)
        if settled:
            self.ended(claim.id)

    def progress(self, claim: Claim) -> None:
        asked = lifecycle.progress(claim, 1, 2, "half")
        assert (asked is not None) == self.owns(claim)

    def claim_again(self, claim: Claim) -> None:
        """After a lost reply, with the same token; somebody else's token takes nothing that runs."""
        again = lifecycle.claim(claim.id, claim.identity, claim.token) if self.owns(claim) else claim
        assert again is not None
        assert again.attempt == claim.attempt
        if row(claim.id).status == JobStatus.PROCESSING:
            assert lifecycle.claim(claim.id, claim.identity, uuid.uuid4()) is None

    def lose(self, claim: Claim, how: str) -> None:
        """The guard is worker and process: whatever they run now is what they lost."""
        now, who = row(claim.id), claim.identity
        theirs = now.status == JobStatus.PROCESSING and (now.worker, now.pid) == (who.name, who.pid)
        if how == "stopped":
            lost = lifecycle.release(claim.id, who.name, who.pid, how)
        else:
            lost = lifecycle.lose(claim.id, who.name, who.pid, of_text(how), died=how == "died") is not None
        assert lost == theirs
        if lost:
            self.ended(claim.id)

    def rescue(self, seen: Job) -> None:
        rescued = lifecycle.rescue(seen, "its worker is gone", died=False)
        assert rescued == (seen.claim is not None and self.owner[seen.pk] == seen.claim)
        if rescued:
            self.ended(seen.pk)

    def ring(self, _: uuid.UUID) -> None:
        rung = lifecycle.ring_due("email", 2)
        jobs = Job.objects.filter(pk__in=[due.id for due in rung])
        assert jobs.filter(status__in=WAITING, rung_at__isnull=False).count() == len(rung) <= 2

    def do_the_chores(self, job: uuid.UUID) -> None:
        lifecycle.not_rung([job])
        lifecycle.ring_lost("email", clock.now())
        lifecycle.expire_overdue()

    # What always holds

    @invariant()
    def every_job_is_sound(self) -> None:
        now = {job.pk: job for job in Job.objects.all()}
        stored = dict(TaskResult.objects.values_list("task_id", "status"))
        assert now.keys() == self.owner.keys()
        for job_id, job in now.items():
            if job_id in self.before:
                self.moved_soundly(self.before[job_id], job)
            self.stands_soundly(job, stored.get(str(job_id)))
        self.the_only_one_of_a_kind_runs_alone(now.values())
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

    def stands_soundly(self, job: Job, stored: str | None) -> None:
        running = job.status == JobStatus.PROCESSING
        assert job.claim == (self.owner[job.pk] if running else None)
        assert (job.lease_until is not None) == running
        assert (job.finished_at is not None) == (job.status in (*FINAL, JobStatus.IN_DOUBT))
        assert (job.dispatch_at is not None) == (job.status in WAITING)  # what waits is rung some time
        if job.status in WAITING:
            assert job.cancel_requested_at is None  # nobody could claim it
        if job.status in (*WAITING, JobStatus.PROCESSING):
            assert job.failures <= job.max_retries
            assert job.deaths < config().DEATHS
            assert job.orphaned < config().ORPHANED
        if job.status in FINAL and job.unique_scope != "period":
            assert job.unique_slot is None
        if job.status == JobStatus.COMPLETED:
            assert stored == "SUCCESS"
        elif job.status in (*FINAL, JobStatus.IN_DOUBT):
            assert stored == CELERY_STATES[JobStatus(job.status)]

    def the_only_one_of_a_kind_runs_alone(self, jobs: Iterable[Job]) -> None:
        running = [
            job for job in jobs if job.status == JobStatus.PROCESSING and job.unique_scope in ("running", "latest")
        ]
        assert len(running) == len({job.unique_key for job in running})

    def insert(self, *, scope: str, key: str, **options: Any) -> uuid.UUID | None:
        slot = {"": None, "latest": f"{key}:waiting"}.get(scope, f"{scope}-{key}")
        unique = {"unique_key": key if scope == "latest" else slot, "unique_scope": scope, "unique_slot": slot}
        new = wish(id=uuid.UUID(int=len(self.owner) + 1), **options, **(unique if scope else {}))
        taken = slot is not None and Job.objects.filter(unique_slot=slot).exists()
        written = lifecycle.insert([new])
        assert bool(written) != taken
        if not written:
            return None
        self.owner[new.id] = None
        return new.id

    def claim(self, job: uuid.UUID, worker: Identity) -> Claim | None:
        was, token = row(job), uuid.uuid4()
        claim = lifecycle.claim(job, worker, token)
        if claim is not None:
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

    def ended(self, job: uuid.UUID) -> None:
        self.owner[job] = None


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.django_db(transaction=True)
def test_no_order_of_verbs_breaks_the_ledger() -> None:
    """The same walks every time; with `--hypothesis-profile=long` many, and new ones."""
    run_state_machine_as_test(Ledger, settings=LONG if settings.get_current_profile_name() == "long" else SHORT)
