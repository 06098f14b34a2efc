"""One run: what each way out of a task's body leaves in the ledger."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from celery.result import AsyncResult
from django.contrib.auth import get_user_model
from django.db import DataError
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from jobs import executor, identity, lifecycle, services
from jobs.models import Effect, Job, JobEvent
from jobs.outcomes import Again, Completed, Failed, Later, Lost, Outcome
from tests.jobs.states import HERE, THERE, attempts, make_due, put, result, row, running, seconds_from_now, take

pytestmark = pytest.mark.django_db

SECRETS = "sk-abcdefgh12345678 Bearer ya29.a0AbCd password=hunter2 https://ann:hunter2@example.com"


def run(task: str, arguments: dict[str, Any] | None = None, **options: Any) -> tuple[Outcome | None, Job]:
    job = services.enqueue(task, arguments or {}, **options)
    outcome = executor.run(job.pk)
    return outcome, row(job.pk)


def answer(with_: str, **options: Any) -> Job:
    return run("answer", {"with_": with_}, **options)[1]


def test_what_a_task_returns_is_the_jobs_result() -> None:
    outcome, job = run("echo", {"value": {"a": [1, None, "ä🙂"]}})
    assert isinstance(outcome, Completed)
    assert (job.status, job.attempt, job.worker, job.pid) == (
        "completed",
        1,
        identity.current().name,
        identity.current().pid,
    )
    assert json.loads(result(job.pk).result) == {"a": [1, None, "ä🙂"]}
    assert AsyncResult(str(job.pk)).get() == {"a": [1, None, "ä🙂"]}


def test_a_short_job_takes_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    from django.db import connection

    job = services.enqueue("echo", {"value": 1})
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 5):
        executor.run(job.pk)


@pytest.mark.parametrize(
    ("with_", "status", "celery", "spent", "reason"),
    [
        ("retry", "retrying", "RETRY", 1, "busy there"),
        ("retry for free", "retrying", "RETRY", 0, "rate limited"),
        ("discard", "cancelled", "REVOKED", 0, "nothing to do"),
        ("cancelled", "cancelled", "REVOKED", 0, "cancelled while running"),
        ("fail", "failed", "FAILURE", 0, "no such mailbox"),
        ("doubt", "in_doubt", "STARTED", 0, "the connection dropped after the last dot"),
        ("ignore", "cancelled", "REVOKED", 0, "ignored by the task"),
        ("reject", "failed", "FAILURE", 0, "rejected by the task"),
        ("requeue", "retrying", "RETRY", 1, "rejected by the task"),
        ("soft limit", "retrying", "RETRY", 1, ""),
        ("out of memory", "retrying", "RETRY", 1, ""),
        ("exit", "retrying", "RETRY", 1, ""),
        ("interrupt", "retrying", "RETRY", 1, ""),
        ("error", "retrying", "RETRY", 1, ""),
    ],
)
def test_every_answer_has_its_end(with_: str, status: str, celery: str, spent: int, reason: str) -> None:
    job = answer(with_)
    assert (job.status, job.failures, job.reason) == (status, spent, reason)
    assert result(job.pk).status == celery
    [attempt] = attempts(job.pk)
    assert (attempt.number, attempt.outcome) == (1, status)


@pytest.mark.parametrize(
    ("with_", "error_class", "text"),
    [
        ("error", "ValueError", "bad value"),
        ("fail", "MAILBOX_GONE", "no such mailbox"),
        ("exit", "SystemExit", "3"),
        ("out of memory", "MemoryError", "no more"),
        ("soft limit", "SoftTimeLimitExceeded", "SoftTimeLimitExceeded()"),
        ("interrupt", "KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_the_error_is_kept_with_its_class(with_: str, error_class: str, text: str) -> None:
    job = answer(with_)
    assert (job.error_class, job.error) == (error_class, text)
    assert len(job.fingerprint) == 16
    assert json.loads(result(job.pk).result)["exc_message"] == [text]


@pytest.mark.parametrize(
    ("seconds", "error_class"), [(0, "SystemExit"), (290, "SystemExit"), (300, "TimeLimitExceeded")]
)
def test_a_process_asked_to_exit_after_its_hard_limit_says_so(seconds: float, error_class: str) -> None:
    job = services.enqueue("answer", {"with_": "exit"}, time_limit=300)
    claim = executor.take(job.pk)
    assert claim is not None
    executor.run_claimed(claim, began=time.monotonic() - seconds)
    job = row(job.pk)
    assert (job.status, job.failures, job.error_class) == ("retrying", 1, error_class)


def test_a_traceback_stands_in_the_attempt_and_in_the_result() -> None:
    job = answer("error")
    [attempt] = attempts(job.pk)
    assert attempt.traceback.startswith("Traceback (most recent call last)")
    assert "in answer\n" in attempt.traceback
    assert attempt.traceback.rstrip().endswith("ValueError: bad value")
    assert result(job.pk).traceback == attempt.traceback


@pytest.mark.usefixtures("jobs_clock")
def test_a_retry_waits_as_long_as_the_task_says() -> None:
    assert 38 <= seconds_from_now(answer("retry").run_at) <= 42
    assert 38 <= seconds_from_now(answer("retry for free", max_retries=0).run_at) <= 42


@pytest.mark.parametrize("with_", ["error", "retry", "exit", "requeue", "soft limit"])
def test_without_retries_left_it_is_dead(with_: str) -> None:
    job = answer(with_, max_retries=0)
    assert (job.status, result(job.pk).status) == ("dead", "FAILURE")


@pytest.mark.usefixtures("jobs_clock")
def test_a_snooze_goes_on_as_the_same_job() -> None:
    outcome, job = run("answer", {"with_": "snooze"})
    assert isinstance(outcome, Later)
    assert (job.status, job.failures, job.reason, attempts(job.pk)) == ("pending", 0, "next page", [])
    assert 5 <= seconds_from_now(job.run_at) <= 9


def test_a_task_that_was_superseded_leaves_everything_alone() -> None:
    outcome, job = run("answer", {"with_": "superseded"})
    assert isinstance(outcome, Lost)
    assert (job.status, attempts(job.pk)) == ("processing", [])


def test_a_declared_permanent_error_is_not_retried() -> None:
    outcome, job = run("look_up")
    assert isinstance(outcome, Failed)
    assert (job.status, job.error_class) == ("failed", "KeyError")


@pytest.mark.parametrize(
    ("task", "status", "error_class"),
    [("return_object", "failed", "InvalidResult"), ("return_too_much", "failed", "InvalidResult")],
)
def test_a_result_that_cannot_be_kept_fails_the_job_and_is_not_tried_again(
    task: str, status: str, error_class: str
) -> None:
    _, job = run(task)
    assert (job.status, job.error_class) == (status, error_class)
    assert job.error.startswith("The task returned ")


@pytest.mark.parametrize("kind", ["deep", "round", "nan"])
def test_an_odd_result_fails_the_job_too(kind: str) -> None:
    _, job = run("return_odd", {"kind": kind})
    assert (job.status, job.error_class) == ("failed", "InvalidResult")


def test_a_result_of_dates_and_ids_is_readable_json() -> None:
    _, job = run("return_odd", {"kind": "dates"})
    assert json.loads(result(job.pk).result) == {"at": "2026-01-02T03:04:05Z", "id": str(uuid.UUID(int=5))}
    assert services.find(job.pk).status == "completed"


def test_a_nul_or_half_a_surrogate_in_an_error_is_taken_out() -> None:
    _, job = run("raise_text", {"text": "null"})
    [attempt] = attempts(job.pk)
    assert job.error == "before after ?"
    assert "\x00" not in attempt.traceback + attempt.error


def test_odd_text_in_a_result_is_kept() -> None:
    _, job = run("return_odd", {"kind": "text"})
    assert json.loads(result(job.pk).result) == "a\x00b\ud800"


def test_odd_text_in_any_reason_does_not_hold_the_job_up() -> None:
    for kind in ("snooze", "discard", "fail", "retry", "doubt"):
        _, job = run("answer_oddly", {"kind": kind})
        assert (job.status != "processing", "\x00" in job.reason) == (True, False)


def test_secrets_in_an_error_are_not_kept() -> None:
    _, job = run("raise_text", {"text": SECRETS})
    [attempt] = attempts(job.pk)
    kept = job.error + attempt.error + attempt.traceback + result(job.pk).result + str(result(job.pk).traceback)
    for secret in ("hunter2", "sk-abcdefgh12345678", "ya29"):
        assert secret not in kept


def test_a_huge_error_is_cut() -> None:
    _, job = run("raise_text", {"text": "x" * 60_000})
    [attempt] = attempts(job.pk)
    assert (len(job.error), len(attempt.error)) == (1000, 4000)
    assert len(attempt.traceback) <= 20_000


def test_the_last_log_lines_stand_in_the_attempt() -> None:
    _, job = run("log_and_fail", positional=["one", "two password=hunter2", "three"])
    [attempt] = attempts(job.pk)
    lines = attempt.log.splitlines()
    assert lines[0] == "WARNING tests.tasks: one"
    assert "hunter2" not in attempt.log


def test_only_the_last_log_lines_are_kept() -> None:
    _, job = run("log_and_fail", positional=[f"line {n}" for n in range(500)])
    [attempt] = attempts(job.pk)
    assert len(attempt.log.splitlines()) <= 200
    assert "line 499" in attempt.log
    assert "line 1\n" not in attempt.log


def test_a_log_line_that_cannot_be_written_does_not_fail_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    monkeypatch.setattr(logging, "raiseExceptions", False)
    _, job = run("log_badly")
    assert job.status == "completed"


def test_a_run_knows_its_job() -> None:
    _, job = run("who_am_i", owner_id=7, correlation_id="c-1")
    context = {"job": str(job.pk), "task": "who_am_i", "queue": "email", "attempt": 1, "correlation_id": "c-1"}
    assert json.loads(result(job.pk).result) == {
        "id": str(job.pk),
        "attempt": 1,
        "owner_id": 7,
        "correlation_id": "c-1",
        "request_id": str(job.pk),
        "retries": 0,
        "log_context": context,
    }


def test_a_job_enqueued_in_a_run_is_its_child() -> None:
    _, job = run("enqueue_child", owner_id=7, correlation_id="c-1")
    child = Job.objects.get(parent_id=job.pk)
    assert (child.task, child.owner_id, child.correlation_id) == ("echo", 7, "c-1")


def test_a_bound_task_is_given_itself_and_counts_its_retries() -> None:
    job = services.enqueue("tests.tasks_app.tasks.bound", {"a": 1})
    Job.objects.filter(pk=job.pk).update(failures=2)
    executor.run(job.pk)
    assert json.loads(result(job.pk).result) == [1, 2, 2]


def test_positional_and_open_arguments_arrive() -> None:
    _, job = run("take_all", positional=[1, 2, 3])
    assert json.loads(result(job.pk).result) == [1, [2, 3], {}]


@pytest.mark.usefixtures("jobs_clock")
def test_self_retry_waits_in_the_ledger() -> None:
    _, job = run("tests.tasks_app.tasks.retries_itself", {"countdown": 42})
    assert (job.status, job.failures, job.error, job.error_class) == ("retrying", 1, "not yet", "ValueError")
    assert 38 <= seconds_from_now(job.run_at) <= 42


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=5))], ids=["none", "UTC", "another"])
def test_self_retry_at_a_time_waits_for_it(zone: timezone | None) -> None:
    eta = datetime.now(UTC) + timedelta(days=1)
    text = (eta.astimezone(zone) if zone else eta.replace(tzinfo=None)).isoformat()
    _, job = run("tests.tasks_app.tasks.retries_itself", {"eta": text})
    assert (job.status, job.failures) == ("retrying", 1)
    assert abs(job.run_at - eta) < timedelta(hours=1)


@pytest.mark.usefixtures("jobs_clock")
def test_self_retry_without_a_countdown_uses_the_usual_backoff() -> None:
    _, job = run("tests.tasks_app.tasks.retries_itself")
    assert 25 <= seconds_from_now(job.run_at) <= 36


def test_self_retry_ends_as_dead_with_the_cause() -> None:
    _, job = run("tests.tasks_app.tasks.retries_itself", max_retries=0)
    assert (job.status, job.error_class) == ("dead", "ValueError")


def test_autoretry_waits_in_the_ledger() -> None:
    _, job = run("tests.tasks_app.tasks.auto_retried")
    assert (job.status, job.failures, job.error_class, job.error) == ("retrying", 1, "ValueError", "not yet")


@pytest.mark.parametrize(
    ("with_", "status", "spent"),
    [
        ("fail", "failed", 0),
        ("snooze", "pending", 0),
        ("discard", "cancelled", 0),
        ("retry for free", "retrying", 0),
        ("reject", "failed", 0),
        ("cancelled", "cancelled", 0),
    ],
)
def test_autoretry_does_not_swallow_a_tasks_own_answer(with_: str, status: str, spent: int) -> None:
    _, job = run("tests.tasks_app.tasks.auto_retried", {"with_": with_})
    assert (job.status, job.failures) == (status, spent)


def test_there_is_nothing_to_run_without_a_claim() -> None:
    claim = running()
    assert executor.run(claim.id) is None
    assert executor.run(uuid.uuid4()) is None
    assert row(claim.id).worker == HERE.name


def test_a_task_nobody_here_knows_is_left_for_a_worker_that_does() -> None:
    job = put(task="of_the_next_release")
    outcome = executor.run(job.pk)
    job = row(job.pk)
    assert isinstance(outcome, Later)
    assert (job.status, job.failures, job.reason) == ("pending", 0, "no worker here knows task of_the_next_release")


def test_an_attempt_that_was_presumed_dead_settles_nothing() -> None:
    job = services.enqueue("echo", {"value": 1})
    claim = executor.take(job.pk)
    assert claim is not None
    lifecycle.release(job.pk, claim.identity.name, claim.identity.pid, "presumed dead")
    take(row(job.pk), THERE)
    assert isinstance(executor.run_claimed(claim), Lost)
    assert (row(job.pk).status, row(job.pk).worker) == ("processing", THERE.name)


def test_an_outcome_that_the_database_refuses_is_stored_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DataError("value too long, and here it is: secret")

    claim = running()
    monkeypatch.setattr(lifecycle, "complete", refuse)
    executor.settle(claim, Completed("1"))
    job = row(claim.id)
    assert (job.status, job.error) == ("failed", "The outcome could not be stored: DataError")


def test_an_atomic_task_commits_its_writes_with_its_result() -> None:
    user = get_user_model().objects.create_user("ann")
    _, job = run("rename_user", {"username": "ann", "to": "bob"})
    user.refresh_from_db()
    assert (user.username, job.status, result(job.pk).result) == ("bob", "completed", '"bob"')


@pytest.mark.parametrize(
    ("then", "status"), [("error", "retrying"), ("snooze", "pending"), ("fail", "failed"), ("exit", "retrying")]
)
def test_an_atomic_task_that_does_not_succeed_writes_nothing(then: str, status: str) -> None:
    user = get_user_model().objects.create_user("ann")
    _, job = run("rename_user", {"username": "ann", "to": "bob", "then": then})
    user.refresh_from_db()
    assert (user.username, job.status) == ("ann", status)


def test_an_atomic_task_that_was_superseded_writes_nothing() -> None:
    user = get_user_model().objects.create_user("ann")
    job = services.enqueue("rename_user", {"username": "ann", "to": "bob"})
    claim = executor.take(job.pk)
    assert claim is not None
    lifecycle.release(job.pk, claim.identity.name, claim.identity.pid, "presumed dead")
    take(row(job.pk), THERE)
    assert isinstance(executor.run_claimed(claim), Lost)
    user.refresh_from_db()
    assert user.username == "ann"


def test_an_atomic_task_whose_result_cannot_be_kept_writes_nothing() -> None:
    get_user_model().objects.create_user("ann")
    _, job = run("rename_and_return_object", {"username": "ann", "to": "bob"})
    assert job.status == "failed"
    assert not get_user_model().objects.filter(username="bob").exists()


def test_a_failed_job_run_again_can_succeed() -> None:
    job = answer("fail")
    services.retry(job.pk, by="ann")
    Job.objects.filter(pk=job.pk).update(arguments={"with_": ""})
    executor.run(job.pk)
    job = row(job.pk)
    assert (job.status, job.error, job.attempt) == ("completed", "", 2)
    assert [one.number for one in attempts(job.pk)] == [1]
    assert JobEvent.objects.get(job=job).kind == "retry"


def test_four_runs_and_then_dead_each_with_its_attempt(settings: Settings) -> None:
    job = services.enqueue("answer", {"with_": "error"})
    outcomes = [executor.run(make_due(row(job.pk)).pk) for _ in range(4)]
    assert all(isinstance(one, Again) for one in outcomes)
    job = row(job.pk)
    assert (job.status, [one.number for one in attempts(job.pk)]) == ("dead", [1, 2, 3, 4])


@pytest.mark.parametrize(("happened", "status"), [(True, "completed"), (False, "in_doubt")])
def test_what_a_task_doubts_of_itself_a_person_decides(happened: bool, status: str) -> None:
    job = answer("doubt")
    assert job.status == "in_doubt"
    services.resolve(Effect.objects.get().pk, happened=happened, by="ann", reason="asked the bank")
    executor.run(job.pk)
    assert (row(job.pk).status, row(job.pk).attempt) == (status, 2)  # one that has happened is not begun again
