"""What plain Celery's callers do, done by the ledger."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import celery
import pytest
from celery import signature
from celery.result import AsyncResult
from celery.states import FAILURE, PENDING, RETRY, REVOKED, STARTED, SUCCESS
from django_celery_results.models import TaskResult
from pytest_django.fixtures import Settings

from fikiri.celery import app
from jobs import executor, lifecycle
from jobs.errors import InvalidArguments, KeyTaken, Refused, UnknownTask
from jobs.models import Job
from tests.jobs.states import BROKEN, HERE, in_state, put, row, running, seconds_from_now
from tests.tasks_app import tasks

pytestmark = pytest.mark.django_db


def task(name: str) -> Any:
    """A task as Celery's callers hold it."""
    return app.tasks[name]


def test_delay_makes_a_job() -> None:
    answer = task("add").delay(1, b=2)
    job = row(answer.id)
    assert (job.task, job.queue, job.arguments, job.status) == ("add", "ai", {"a": 1, "b": 2}, "pending")


def test_a_decorated_function_is_the_task() -> None:
    assert tasks.add.delay(1, 2).id == str(Job.objects.get().pk)  # type: ignore[attr-defined]


def test_options_of_celery_become_the_jobs() -> None:
    answer = task("echo").apply_async(
        kwargs={"value": 1}, countdown=60, expires=120, priority=0, time_limit=9, soft_time_limit=8, retries=1
    )
    job = row(answer.id)
    assert (job.priority, job.time_limit, job.soft_time_limit) == (0, 9, 8)
    assert seconds_from_now(job.run_at) == pytest.approx(60, abs=5)
    assert seconds_from_now(job.expires_at) == pytest.approx(120, abs=5)


@pytest.mark.parametrize(
    "eta",
    [
        datetime(2033, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2033, 1, 2, 3, 4, 5),  # noqa: DTZ001 - Celery's callers do that, and mean UTC
        "2033-01-02T03:04:05+00:00",
        "2033-01-02T03:04:05Z",
        "2033-01-02T03:04:05",
    ],
)
def test_an_eta_is_kept_however_it_is_written(eta: datetime | str) -> None:
    assert row(task("echo").apply_async(eta=eta).id).run_at == datetime(2033, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("expires", [timedelta(hours=1), 3600, 3600.0, "as text"])
def test_a_latest_start_is_kept_however_it_is_written(expires: Any) -> None:
    when = datetime.now(UTC) + timedelta(hours=1)
    given = {"as text": when.isoformat()}.get(expires, when if isinstance(expires, timedelta) else expires)
    job = row(task("echo").apply_async(expires=given).id)
    assert seconds_from_now(job.expires_at) == pytest.approx(3600, abs=30)


def test_a_countdown_in_the_past_is_now() -> None:
    job = row(task("echo").apply_async(countdown=-5).id)
    assert job.run_at == job.created_at


def test_a_task_id_is_the_jobs_id() -> None:
    given = str(uuid.uuid4())
    assert task("echo").apply_async(task_id=given).id == given
    assert task("echo").apply_async(task_id=given).id == given
    assert Job.objects.count() == 1
    with pytest.raises(KeyTaken):
        task("echo").apply_async((2,), task_id=given)


def test_a_task_id_of_another_kind_is_the_jobs_key() -> None:
    answer = task("echo").apply_async(task_id="my sync 7")
    assert row(answer.id).key == "my sync 7"


def test_a_name_is_enough() -> None:
    assert row(app.send_task("add", [1, 2]).id).arguments == {"a": 1, "b": 2}
    assert row(app.send_task("add", kwargs={"a": 1, "b": 2}, countdown=60).id).run_at > datetime.now(UTC)
    assert row(signature("add", (1, 2)).apply_async().id).queue == "ai"
    assert row(signature("add", (1,)).delay(3).id).arguments == {"a": 3, "b": 1}


def test_a_librarys_task_is_a_job_too() -> None:
    answer = task("tests.tasks_app.tasks.plain_celery").delay(1)
    executor.run(uuid.UUID(answer.id))
    assert answer.get() == 2


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [("ecko", (), UnknownTask), ("add", (1,), InvalidArguments), ("add", (1, "2"), InvalidArguments)],
)
def test_what_cannot_run_is_refused_in_the_senders_traceback(name: str, args: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        app.send_task(name, args)
    assert not Job.objects.exists()


def test_a_wish_for_another_queue_is_refused() -> None:
    with pytest.raises(Refused, match="queue"):
        task("add").apply_async((1, 2), queue="crm")
    assert row(task("add").apply_async((1, 2), queue="ai").id).queue == "ai"


def test_eager_mode_runs_at_once_and_makes_no_row(settings: Settings) -> None:
    app.conf.task_always_eager = True
    try:
        assert task("add").delay(1, 2).get() == 3
    finally:
        app.conf.task_always_eager = False
    assert not Job.objects.exists()


def test_apply_runs_here_and_makes_no_row() -> None:
    assert task("add").apply((1, 2)).get() == 3
    assert not Job.objects.exists()
    assert not TaskResult.objects.exists()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", PENDING),
        ("processing", PENDING),
        ("retrying", RETRY),
        ("completed", SUCCESS),
        ("failed", FAILURE),
        ("dead", FAILURE),
        ("cancelled", REVOKED),
        ("expired", REVOKED),
        ("in_doubt", STARTED),
    ],
)
def test_async_result_reads_every_state(status: str, state: str) -> None:
    assert AsyncResult(str(in_state(status).pk)).state == state


def test_async_result_raises_what_a_failed_job_raised() -> None:
    claim = running()
    lifecycle.fail(claim, BROKEN)
    answer: AsyncResult[Any] = AsyncResult(str(claim.id))
    with pytest.raises(ValueError, match="it broke"):
        answer.get()
    assert answer.failed()


@pytest.mark.parametrize(
    "error_class", ["UnicodeDecodeError", "MAILBOX_GONE", "", "exit", "IntegrityError", "SystemExit", "odd name!"]
)
def test_async_result_survives_any_error_class(error_class: str) -> None:
    from jobs.reports import of_text

    claim = running()
    lifecycle.fail(claim, of_text("it broke", error_class=error_class))
    answer: AsyncResult[Any] = AsyncResult(str(claim.id))
    assert answer.state == FAILURE
    assert "it broke" in str(answer.result)


def test_asking_for_the_result_of_a_job_that_exited_does_not_exit() -> None:
    from jobs.reports import of_exception

    claim = running(max_retries=0)
    lifecycle.retry(claim, of_exception(SystemExit(3)))
    with pytest.raises(Exception, match="3"):
        AsyncResult(str(claim.id)).get()


def test_async_result_of_an_unknown_id_is_pending() -> None:
    assert AsyncResult(str(uuid.uuid4())).state == PENDING
    assert not TaskResult.objects.exists()


def test_a_job_run_again_reads_as_pending_again() -> None:
    job = in_state("failed")
    lifecycle.replay(job.pk, by="ann", reason="")
    answer: AsyncResult[Any] = AsyncResult(str(job.pk))
    assert (answer.state, answer.result) == (PENDING, None)


def test_celery_itself_writes_no_result() -> None:
    backend: Any = app.backend
    job_id = str(uuid.uuid4())
    backend.store_result(job_id, {"mail": "a@example.com"}, SUCCESS)
    backend.mark_as_done(job_id, "done")
    backend.mark_as_failure(job_id, ValueError("no"))
    backend.mark_as_started(job_id)
    backend.mark_as_retry(job_id, ValueError("no"))
    backend.mark_as_revoked(job_id, "no")
    assert not TaskResult.objects.exists()


def test_revoking_cancels_in_the_ledger() -> None:
    job, other = put(), put()
    app.control.revoke(str(job.pk))
    AsyncResult(str(other.pk)).revoke(terminate=True)
    assert [(row(one.pk).status, row(one.pk).reason) for one in (job, other)] == [
        ("cancelled", "revoked"),
        ("cancelled", "terminated"),
    ]


def test_terminating_a_running_job_asks_it() -> None:
    claim = running()
    app.control.terminate(str(claim.id))
    assert lifecycle.cancel_asked(claim) is True


def test_revoking_what_is_not_there_or_has_ended_is_no_error() -> None:
    job = in_state("completed")
    app.control.revoke([str(job.pk), "nothing", str(uuid.uuid4())])
    assert row(job.pk).status == "completed"


def test_a_revoked_job_can_be_run_again() -> None:
    job = put()
    app.control.revoke(str(job.pk))
    lifecycle.replay(job.pk, by="ann", reason="")
    assert lifecycle.claim(job.pk, HERE, uuid.uuid4()) is not None


def test_our_app_is_the_current_one() -> None:
    assert celery.current_app.tasks is app.tasks
