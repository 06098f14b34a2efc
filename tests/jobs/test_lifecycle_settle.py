"""Settling: how an attempt ends, and that only the attempt that runs can end it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs import lifecycle
from jobs.clock import Now
from jobs.errors import Superseded
from jobs.lifecycle import Claim
from jobs.reports import of_text
from tests.jobs.states import (
    BROKEN,
    HERE,
    THERE,
    alter,
    attempts,
    everything,
    in_state,
    make_due,
    put,
    result,
    row,
    running,
    seconds_from_now,
    take,
)

pytestmark = pytest.mark.django_db

A_MOMENT = timedelta(seconds=1)  # between two readings of the database's clock in one statement

Settle = Callable[[Claim], object]
SETTLES: dict[str, Settle] = {
    "retry": lambda claim: lifecycle.retry(claim, BROKEN),
    "snooze": lambda claim: lifecycle.snooze(claim, 0, "next page"),
    "fail": lambda claim: lifecycle.fail(claim, BROKEN),
    "discard": lambda claim: lifecycle.discard(claim, of_text("", reason="nothing to do")),
    "doubt": lambda claim: lifecycle.doubt(claim, BROKEN),
}


def complete(claim: Claim, answer: object = None) -> bool:
    return lifecycle.complete([(claim, json.dumps(answer))]) == {claim.id}


def test_a_completed_job_frees_what_it_held() -> None:
    claim = running(unique_slot="k", unique_key="k", unique_scope="running")
    assert complete(claim)
    job = row(claim.id)
    assert (job.status, job.claim, job.lease_until, job.dispatch_at) == ("completed", None, None, None)
    assert (job.unique_slot, job.failures, job.attempt) == (None, 0, 1)
    assert job.finished_at is not None
    assert attempts(claim.id) == []


def test_a_completed_jobs_result_row_is_celerys() -> None:
    claim = running(task="greet")
    complete(claim, {"said": "ä🙂 \x00", "n": 1.5})
    kept = result(claim.id)
    assert (kept.status, kept.task_name, kept.worker) == ("SUCCESS", "greet", HERE.name)
    assert json.loads(kept.result) == {"said": "ä🙂 \x00", "n": 1.5}
    assert (kept.content_type, kept.content_encoding, kept.traceback) == ("application/json", "utf-8", None)
    job = row(claim.id)
    assert (kept.date_created, kept.date_started, kept.date_done) == (job.created_at, job.started_at, job.finished_at)


def test_success_after_a_failure_clears_the_error_but_keeps_the_attempt() -> None:
    claim = running()
    lifecycle.retry(claim, BROKEN, after=0)
    again = take(row(claim.id))
    complete(again, 2)
    job, kept = row(claim.id), result(claim.id)
    assert (job.error, job.error_class, job.fingerprint, job.reason) == ("", "", "", "")
    assert (kept.status, kept.result, kept.traceback) == ("SUCCESS", "2", None)
    assert [(one.number, one.outcome) for one in attempts(claim.id)] == [(1, "retrying")]


def test_many_are_completed_at_once_each_with_its_own_result() -> None:
    claims = [running() for _ in range(20)]
    settled = lifecycle.complete([(claim, json.dumps(n)) for n, claim in enumerate(claims)])
    assert settled == {claim.id for claim in claims}
    assert [result(claim.id).result for claim in claims] == [str(n) for n in range(20)]


def test_one_that_is_not_ours_does_not_hinder_the_others() -> None:
    mine, lost = running(), running()
    lifecycle.release(lost.id, HERE.name, HERE.pid, "stopped")
    assert lifecycle.complete([(mine, "1"), (lost, "2")]) == {mine.id}
    assert row(lost.id).status == "pending"


def test_nothing_to_complete_is_nothing() -> None:
    assert lifecycle.complete([]) == set()


def test_a_slot_that_stands_for_a_period_is_kept() -> None:
    claim = running(unique_slot="k:2026", unique_key="k", unique_scope="period")
    complete(claim)
    assert row(claim.id).unique_slot == "k:2026"


@pytest.mark.parametrize("verb", ["complete", *SETTLES])
@pytest.mark.parametrize("since", ["claimed by another", "waits again", "cancelled", "failed by a caller"])
def test_a_superseded_attempt_changes_nothing(verb: str, since: str) -> None:
    claim = running()
    lifecycle.release(claim.id, HERE.name, HERE.pid, "presumed dead")
    match since:
        case "claimed by another":
            take(row(claim.id), THERE)
        case "cancelled":
            lifecycle.cancel(claim.id, by="ann", reason="")
        case "failed by a caller":
            lifecycle.fail_from_outside(claim.id, BROKEN, again=False, by="ann")
    before = everything(claim.id)
    if verb == "complete":
        assert not complete(claim)
    else:
        with pytest.raises(Superseded, match="no longer owns"):
            SETTLES[verb](claim)
    assert everything(claim.id) == before


@pytest.mark.parametrize("verb", ["complete", *SETTLES])
@pytest.mark.parametrize("status", ["completed", "failed", "dead", "cancelled", "in_doubt", "expired"])
def test_an_ended_job_is_settled_once(verb: str, status: str) -> None:
    job = in_state(status)
    claim = Claim(job.pk, HERE.boot, job.attempt, 0, 3, "echo", "email", {}, None, "c", None, None, 1, 1, identity=HERE)
    before = everything(job.pk)
    if verb == "complete":
        assert not complete(claim)
    else:
        with pytest.raises(Superseded):
            SETTLES[verb](claim)
    assert everything(job.pk) == before


@pytest.mark.usefixtures("jobs_clock")
def test_an_error_is_retried_with_backoff() -> None:
    claim = running()
    assert lifecycle.retry(claim, BROKEN) == "retrying"
    job = row(claim.id)
    assert (job.status, job.failures, job.claim, job.lease_until) == ("retrying", 1, None, None)
    assert (job.error, job.error_class) == ("it broke", "ValueError")
    assert job.dispatch_at is not None
    assert timedelta() <= job.dispatch_at - job.run_at < A_MOMENT
    assert 25 <= seconds_from_now(job.run_at) <= 36


def test_each_failure_waits_longer_until_the_last_delay_repeats() -> None:
    assert [round(lifecycle.backoff(n) / 30) for n in range(1)] == [1]
    for failures, least in [(1, 30), (2, 120), (3, 600), (4, 600), (50, 600)]:
        waits = [lifecycle.backoff(failures) for _ in range(50)]
        assert least <= min(waits) < max(waits) <= least * 1.2


def test_a_failed_attempt_is_kept_with_what_it_said() -> None:
    claim = running()
    report = of_text("it broke", error_class="ValueError", log="one\ntwo")
    lifecycle.retry(claim, report)
    [attempt] = attempts(claim.id)
    assert (attempt.number, attempt.outcome, attempt.error, attempt.error_class) == (
        1,
        "retrying",
        "it broke",
        "ValueError",
    )
    assert (attempt.worker, attempt.boot, attempt.pid, attempt.log) == (HERE.name, HERE.boot, HERE.pid, "one\ntwo")
    assert attempt.started_at is not None
    assert attempt.started_at <= attempt.finished_at


def test_a_waiting_retry_reads_as_retry_in_celery() -> None:
    claim = running()
    lifecycle.retry(claim, BROKEN)
    kept = result(claim.id)
    assert kept.status == "RETRY"
    assert json.loads(kept.result)["exc_message"] == ["it broke"]


def test_three_retries_mean_four_runs_and_then_it_is_dead() -> None:
    job = put()
    outcomes = [lifecycle.retry(take(make_due(row(job.pk))), BROKEN) for _ in range(4)]
    assert outcomes == ["retrying", "retrying", "retrying", "dead"]
    job = row(job.pk)
    assert (job.status, job.failures, job.attempt, job.dispatch_at) == ("dead", 4, 4, None)
    assert [one.outcome for one in attempts(job.pk)] == ["retrying", "retrying", "retrying", "dead"]
    assert result(job.pk).status == "FAILURE"


def test_without_retries_the_first_error_is_the_last() -> None:
    claim = running(max_retries=0)
    assert lifecycle.retry(claim, BROKEN) == "dead"


@pytest.mark.usefixtures("jobs_clock")
def test_a_providers_wish_to_wait_costs_no_retry() -> None:
    claim = running(max_retries=0)
    assert lifecycle.retry(claim, BROKEN, after=42, counts=False) == "retrying"
    job = row(claim.id)
    assert (job.failures, job.status) == (0, "retrying")
    assert 38 <= seconds_from_now(job.run_at) <= 42


def test_a_retry_of_a_job_that_is_to_be_cancelled_ends_it() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="not needed")
    assert lifecycle.retry(claim, BROKEN) == "cancelled"
    assert (row(claim.id).status, result(claim.id).status) == ("cancelled", "REVOKED")


@pytest.mark.usefixtures("jobs_clock")
def test_a_snooze_costs_nothing_and_leaves_no_attempt() -> None:
    claim = running()
    assert lifecycle.snooze(claim, 9, "next page") == "pending"
    job = row(claim.id)
    assert (job.status, job.failures, job.attempt, job.reason) == ("pending", 0, 1, "next page")
    assert 5 <= seconds_from_now(job.run_at) <= 9
    assert job.dispatch_at is not None
    assert timedelta() <= job.dispatch_at - job.run_at < A_MOMENT
    assert (job.rung_at, job.rings) == (None, 0)
    assert attempts(claim.id) == []


def test_a_snooze_of_a_job_that_is_to_be_cancelled_ends_it() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    assert lifecycle.snooze(claim, 9, "next page") == "cancelled"
    assert row(claim.id).status == "cancelled"


@pytest.mark.parametrize(
    ("verb", "status", "celery"),
    [("fail", "failed", "FAILURE"), ("discard", "cancelled", "REVOKED"), ("doubt", "in_doubt", "STARTED")],
)
def test_each_way_out_has_its_state_here_and_in_celery(verb: str, status: str, celery: str) -> None:
    claim = running()
    assert SETTLES[verb](claim) == status
    job = row(claim.id)
    assert (job.status, job.claim, job.lease_until, job.dispatch_at) == (status, None, None, None)
    assert job.finished_at is not None
    assert (result(claim.id).status, attempts(claim.id)[0].outcome) == (celery, status)


def test_a_permanent_error_spends_no_retry() -> None:
    claim = running()
    lifecycle.fail(claim, BROKEN)
    assert (row(claim.id).failures, row(claim.id).error) == (0, "it broke")


def test_what_is_in_doubt_keeps_its_slot_and_the_rest_free_it() -> None:
    doubtful = running(unique_slot="a", unique_key="a", unique_scope="running")
    failed = running(unique_slot="b", unique_key="b", unique_scope="running")
    lifecycle.doubt(doubtful, BROKEN)
    lifecycle.fail(failed, BROKEN)
    assert (row(doubtful.id).unique_slot, row(failed.id).unique_slot) == ("a", None)


def test_a_very_long_error_is_cut_in_the_row_and_kept_in_the_attempt() -> None:
    claim = running()
    lifecycle.fail(claim, of_text("x" * 3000, reason="y" * 3000))
    job = row(claim.id)
    assert (len(job.error), len(job.reason), len(attempts(claim.id)[0].error)) == (1000, 300, 3000)


def test_progress_is_kept_and_answers_whether_to_stop() -> None:
    claim = running()
    assert lifecycle.progress(claim, 3, 10, "m" * 300) is False
    job = row(claim.id)
    assert (job.progress_current, job.progress_total, len(job.progress_message), job.percent) == (3, 10, 200, 30.0)
    lifecycle.cancel(claim.id, by="ann", reason="")
    assert lifecycle.progress(claim, 4, 10, "") is True


def test_progress_of_a_superseded_attempt_is_not_kept() -> None:
    claim = running()
    lifecycle.release(claim.id, HERE.name, HERE.pid, "presumed dead")
    take(row(claim.id), THERE)
    assert lifecycle.progress(claim, 3, 10, "") is None
    assert lifecycle.cancel_asked(claim) is None
    assert row(claim.id).progress_current is None


def test_the_ledgers_clock_decides_not_the_processs() -> None:
    claim = running()
    lifecycle.retry(claim, BROKEN, after=60)
    assert lifecycle.claim(claim.id, HERE, claim.token) is None
    alter(row(claim.id), run_at=Now(-0.001))
    assert lifecycle.claim(claim.id, HERE, claim.token) is not None
