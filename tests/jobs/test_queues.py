"""The queue API that callers of the old platform know."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django_celery_results.models import TaskResult

from jobs import legacy, lifecycle, queues
from jobs.errors import InvalidArguments, KeyTaken, UnknownQueue, UnknownTask
from jobs.models import Job
from jobs.queues import JobStatus, ai_queue, crm_queue, email_queue
from tests.jobs.states import BROKEN, in_state, make_due, put, row, running, seconds_from_now, take
from tests.tasks_app import tasks

pytestmark = pytest.mark.django_db


def test_there_are_three_queues_and_each_has_its_getter() -> None:
    assert [queue.name for queue in (email_queue, ai_queue, crm_queue)] == ["email", "ai", "crm"]
    assert queues.get_email_queue() is email_queue
    assert queues.get_ai_queue() is ai_queue
    assert queues.get_crm_queue() is crm_queue


def test_an_unknown_queue_is_refused() -> None:
    with pytest.raises(UnknownQueue, match="Queues: email, ai, crm"):
        queues.JobQueue("mail")


def test_enqueueing_returns_the_id_as_text() -> None:
    job_id = email_queue.enqueue_job("greet", {"user_id": 7, "name": "ann"}, max_retries=1, delay=60, job_id="mine")
    job = row(job_id)
    assert (str(job.pk), job.key, job.max_retries, job.owner_id) == (job_id, "mine", 1, 7)
    assert seconds_from_now(job.run_at) == pytest.approx(60, abs=5)


def test_without_a_number_of_retries_it_is_the_tasks_own() -> None:
    assert row(email_queue.enqueue_job("echo", {})).max_retries == 3
    assert row(email_queue.enqueue_job("echo", {}, max_retries=0)).max_retries == 0


def test_a_job_id_seen_before_returns_the_same_job() -> None:
    first = email_queue.enqueue_job("echo", {"value": 1}, job_id="mine")
    assert email_queue.enqueue_job("echo", {"value": 1}, job_id="mine") == first
    with pytest.raises(KeyTaken):
        email_queue.enqueue_job("echo", {"value": 2}, job_id="mine")


def test_a_task_of_another_queue_is_refused_with_the_remedy() -> None:
    with pytest.raises(UnknownTask, match="'add' is of queue 'ai', not 'email': use ai_queue"):
        email_queue.enqueue_job("add", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [
        ("ecko", {}, UnknownTask),
        ("greet", {}, InvalidArguments),
        ("greet", {"user_id": "seven"}, InvalidArguments),
        ("greet", [7], InvalidArguments),
        ("greet", None, InvalidArguments),
        ("echo", {"value": object()}, InvalidArguments),
        ("echo", {1: 2}, InvalidArguments),
    ],
    ids=["unknown", "missing", "type", "list", "none", "no json", "name"],
)
def test_what_cannot_run_is_refused_at_once(name: str, args: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        email_queue.enqueue_job(name, args)
    assert not Job.objects.exists()


def test_a_job_shows_all_that_the_old_platform_showed() -> None:
    names = [field.name for field in dataclasses.fields(legacy.Job)]
    assert names == [
        *("id", "task", "args", "status", "created_at", "started_at", "completed_at", "result", "error"),
        *("retry_count", "max_retries", "retry_after", "dead_letter"),
    ]


def test_the_old_words_are_found_where_they_were() -> None:
    assert [getattr(queues, name) for name in ("Job", "JobStatus")] == [legacy.Job, legacy.JobStatus]


def test_a_new_job_in_the_old_words() -> None:
    before = datetime.now(UTC).timestamp()
    job = email_queue.get_job_status(email_queue.enqueue_job("echo", {"value": [1]}, job_id="mine"))
    assert job is not None
    assert (job.task, job.args, job.status, job.status.value) == ("echo", {"value": [1]}, JobStatus.PENDING, "pending")
    assert (job.started_at, job.completed_at, job.result, job.error, job.retry_after) == (None, None, None, None, None)
    assert (job.retry_count, job.max_retries, job.dead_letter) == (0, 3, False)
    assert job.created_at == pytest.approx(before, abs=60)
    assert email_queue.get_job_status("mine") == job


def test_a_completed_job_in_the_old_words() -> None:
    claim = running()
    lifecycle.complete([(claim, json.dumps({"success": True}))])
    job = email_queue.get_job_status(str(claim.id))
    assert job is not None
    assert (job.status.value, job.result) == ("completed", {"success": True})
    assert job.started_at is not None
    assert job.completed_at is not None
    assert job.created_at <= job.started_at <= job.completed_at
    assert email_queue.get_job_result(str(claim.id)) == {"success": True}


def test_a_retrying_and_a_dead_job_in_the_old_words() -> None:
    claim = running(max_retries=1)
    lifecycle.retry(claim, BROKEN, after=90)
    waiting = email_queue.get_job_status(str(claim.id))
    lifecycle.retry(take(make_due(row(claim.id))), BROKEN)
    dead = email_queue.get_job_status(str(claim.id))
    assert waiting is not None
    assert dead is not None
    assert (waiting.status, waiting.retry_count, waiting.error) == (JobStatus.RETRYING, 1, "it broke")
    assert waiting.retry_after == pytest.approx(datetime.now(UTC).timestamp() + 90, abs=30)
    assert (dead.status, dead.dead_letter, dead.retry_after) == (JobStatus.DEAD, True, None)


@pytest.mark.parametrize("status", JobStatus)
def test_every_state_has_an_old_word(status: JobStatus) -> None:
    job = email_queue.get_job_status(str(in_state(status.value).pk))
    assert job is not None
    assert job.status is status


@pytest.mark.parametrize("job_id", ["nothing", "", "\x00", "01890000-0000-7000-8000-000000000000"])
def test_a_job_that_is_not_there_is_none(job_id: str) -> None:
    assert email_queue.get_job_status(job_id) is None
    assert email_queue.get_job_result(job_id) is None
    assert email_queue.fail_job(job_id, "no") is False


def test_a_job_run_again_shows_no_old_result() -> None:
    job = in_state("failed")
    lifecycle.replay(job.pk, by="ann", reason="")
    assert email_queue.get_job_result(str(job.pk)) is None


def test_any_queue_finds_any_job() -> None:
    job = put()
    found = crm_queue.get_job_status(str(job.pk))
    assert found is not None
    assert found.id == str(job.pk)


def test_failing_a_job_says_whether_it_changed_something() -> None:
    job = put(key="mine", max_retries=1)
    assert [email_queue.fail_job("mine", "no\x00pe") for _ in range(3)] == [True, True, False]
    assert (row(job.pk).status, row(job.pk).error, row(job.pk).failures) == ("dead", "nope", 2)


def test_failing_a_job_for_good() -> None:
    job = put()
    assert email_queue.fail_job(str(job.pk), "never again", retry=False)
    found = email_queue.get_job_status(str(job.pk))
    assert found is not None
    assert (found.status, found.error, found.retry_count) == (JobStatus.FAILED, "never again", 1)


def test_failing_what_has_completed_changes_nothing() -> None:
    job = in_state("completed")
    assert not email_queue.fail_job(str(job.pk), "too late")
    assert row(job.pk).status == "completed"


def test_the_numbers_are_the_queues_own() -> None:
    put()
    put(delay=60)
    in_state("completed")
    assert email_queue.get_queue_stats() == {
        "pending_jobs": 1,
        "delayed_jobs": 1,
        "total_jobs": 3,
        "total_results": 1,
    }
    assert set(ai_queue.get_queue_stats().values()) == {0}


def test_clearing_cancels_what_waits_and_deletes_nothing() -> None:
    put()
    done = in_state("completed")
    assert email_queue.clear_queue() == 1
    assert Job.objects.count() == 2
    assert row(done.pk).status == "completed"


def test_a_decorated_task_called_as_a_function_just_runs() -> None:
    assert tasks.add(1, 2) == 3
    assert tasks.greet(user_id=7) == "hello you"
    with pytest.raises(ValueError, match="bad value"):
        tasks.answer("error")
    assert not Job.objects.exists()
    assert not TaskResult.objects.exists()


def test_a_task_called_as_a_function_in_a_running_job_just_runs() -> None:
    from jobs import executor

    job = put(task="call_itself", arguments={"times": 3})
    executor.run(job.pk)
    assert TaskResult.objects.get().result == "3"
    assert Job.objects.count() == 1


def test_registering_what_is_known_does_nothing() -> None:
    email_queue.register_task("echo", lambda: None)
    email_queue.register_task("add", tasks.echo)
    assert email_queue.enqueue_job("echo", {"value": 1})


class Manager:
    def act(self) -> None: ...


def a_function_of_a_test() -> None: ...


@pytest.mark.parametrize(
    "function", [lambda: None, Manager().act, a_function_of_a_test, len, 7], ids=["lambda", "bound", "test", "len", "7"]
)
def test_registering_what_a_worker_cannot_import_is_refused_with_the_remedy(function: Any) -> None:
    with pytest.raises(UnknownTask, match=r"A worker cannot import .*decorate it there with @email_queue.task"):
        email_queue.register_task("tests.unknown", function)


def test_registering_a_function_of_an_apps_tasks_makes_it_one() -> None:
    ai_queue.register_task("tests.not_yet_a_task", tasks.not_yet_a_task)
    job = row(ai_queue.enqueue_job("tests.not_yet_a_task", {"value": 2}))
    assert (job.queue, job.time_limit) == ("ai", 120)


def test_the_helpers_give_their_arguments_on() -> None:
    mail = row(queues.send_email_async("a@example.com", "Hi", "Text"))
    lead = row(queues.update_crm_async({"email": "a@example.com", "user_id": 5}))
    assert (mail.task, mail.arguments) == ("send_email", {"to": "a@example.com", "subject": "Hi", "body": "Text"})
    assert (lead.task, lead.queue, lead.owner_id) == ("update_crm", "crm", 5)


def test_what_is_not_there_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'RedisQueue'"):
        _ = queues.RedisQueue
