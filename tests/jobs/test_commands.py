"""What the commands answer: tables for people, JSON for programs, exit codes for scripts."""

import json
import uuid
from io import StringIO
from typing import Any

import pytest
import redis as redis_client
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from jobs.management.commands import watch
from jobs.models import Job, JobStatus
from tests.jobs import wellness
from tests.jobs.states import HERE, in_state, put, row, running

pytestmark = pytest.mark.django_db


def told(*words: str) -> str:
    """What a command says on standard output."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def answer(*words: str) -> Any:
    return json.loads(told(*words, "--json"))


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as error:
        told(*words)
    assert error.value.returncode == 2
    return error.value


@pytest.mark.parametrize("words", [("pause",), ("dispatcher", "--once"), ("why", "{id}")])
def test_a_command_looks_at_the_settings_and_leaves_the_addresses_alone(
    words: tuple[str, ...], settings: Settings
) -> None:
    filled = [word.format(id=put().pk) for word in words]
    settings.ROOT_URLCONF = "fikiri.addresses_that_nobody_reads"
    call_command(*filled, stdout=StringIO(), stderr=StringIO(), skip_checks=False)
    settings.JOBS = {**settings.JOBS, "RETENTION": {"nonsense": 1}}
    with pytest.raises(SystemCheckError, match="nonsense"):
        call_command(*filled, stdout=StringIO(), stderr=StringIO(), skip_checks=False)


def test_jobs_are_listed_newest_first() -> None:
    first, second = put(), put(task="greet")
    assert [job["job_id"] for job in answer("jobs")["jobs"]] == [str(second.pk), str(first.pk)]
    lines = told("jobs").splitlines()
    assert lines[0].split() == ["status", "task", "queue", "owner", "age", "id", "note"]
    assert lines[1].startswith("pending  greet")


def test_jobs_are_found_by_a_query() -> None:
    job = in_state("dead")
    put()
    assert [found["job_id"] for found in answer("jobs", "status:dead", "age:1h")["jobs"]] == [str(job.pk)]
    assert "it broke" in told("jobs", "status:dead")
    assert told("jobs", "status:expired").splitlines()[-1] == "No job is like that."


def test_a_query_that_is_not_understood_is_refused() -> None:
    assert "Known: status" in str(refused("jobs", "colour:red"))


def test_an_error_cannot_steer_the_terminal() -> None:
    job = put(task="\x1b[2Jgreet")
    assert "\x1b" not in told("jobs") + told("job", str(job.pk))


def test_a_job_is_shown_with_all_that_is_known() -> None:
    job = in_state("dead", key="inv-7", arguments={"to": "ann"})
    shown = told("job", "inv-7")
    assert all(word in shown for word in (str(job.pk), "ValueError: it broke", HERE.name, '"to": "ann"'))
    assert [attempt["outcome"] for attempt in answer("job", "inv-7")["attempts"]] == ["dead"]


def test_an_unknown_job_is_refused() -> None:
    assert "There is no job" in str(refused("job", str(uuid.uuid4())))


def test_a_job_is_enqueued_with_its_arguments(redis: redis_client.Redis) -> None:
    jane = User.objects.create_user("jane")
    job = row(told("enqueue", "greet", f"user_id={jane.pk}", "name=7", "--priority", "2", "--key", "k").strip())
    assert (job.task, job.arguments, job.priority, job.key) == ("greet", {"user_id": jane.pk, "name": "7"}, 2, "k")


def test_arguments_may_be_one_object(redis: redis_client.Redis) -> None:
    job = row(answer("enqueue", "echo", "--args", '{"value": [1]}', "--delay", "60")["job_id"])
    assert (job.arguments, job.run_at > job.created_at) == ({"value": [1]}, True)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("nothing",), "Unknown task"),
        (("greet",), "user_id"),
        (("greet", "user_id"), "no name=value"),
        (("greet", "user_id=seven"), "user_id"),
        (("echo", "--args", "["), "not JSON"),
        (("echo", "--args", "[]"), "is to be an object"),
    ],
)
def test_what_cannot_be_enqueued_is_refused(words: tuple[str, ...], problem: str) -> None:
    assert problem in str(refused("enqueue", *words))
    assert not Job.objects.exists()


def test_a_job_is_cancelled_with_a_reason() -> None:
    job = put()
    assert told("cancel", str(job.pk), "--reason", "not needed", "--by", "ann") == "1 cancelled, 0 asked to stop.\n"
    event = job.events.get()
    assert (row(job.pk).status, event.by, event.detail["reason"]) == ("cancelled", "ann", "not needed")


def test_a_job_that_has_ended_cannot_be_cancelled() -> None:
    assert "completed" in str(refused("cancel", str(in_state("completed").pk)))


def test_many_are_cancelled_only_after_a_look() -> None:
    put(), put(task="greet"), running(task="greet"), in_state("completed")
    assert answer("cancel", "--query", "task:greet") == {"would_cancel": 2, "tasks": {"greet": 2}, "since": None}
    assert "Add --yes" in told("cancel", "--query", "task:greet")
    assert answer("cancel", "--query", "task:greet", "--yes") == {"cancelled": 1, "asked": 1, "ended_before": 0}
    assert Job.objects.get(task="echo", status="pending")


def test_cancel_wants_to_know_what() -> None:
    assert "one of the two" in str(refused("cancel"))


def test_failures_are_grouped_by_errors_that_are_alike() -> None:
    in_state("dead"), in_state("failed", task="greet"), put()
    [group] = answer("failures")["failures"]
    assert (group["jobs"], group["tasks"], group["error"]) == (2, 2, "it broke")
    assert f"fingerprint:{group['fingerprint']}" in told("failures")
    assert told("failures", "queue:crm").splitlines()[-1] == "Nothing failed."


@pytest.mark.parametrize(("status", "code"), [("completed", None), ("dead", 1), ("in_doubt", 1)])
def test_watching_ends_with_the_jobs(status: str, code: int | None) -> None:
    job = in_state(status)
    assert watched(str(job.pk)) == code


def test_watching_gives_up_when_its_time_is_over() -> None:
    assert watched(str(put().pk), "--timeout", "0") == 3


def test_watching_sees_a_job_end(monkeypatch: pytest.MonkeyPatch) -> None:
    job = put()

    def end(_seconds: float) -> None:
        Job.objects.filter(pk=job.pk).update(status=JobStatus.COMPLETED)

    monkeypatch.setattr(watch, "_pause", end)
    assert watched(str(job.pk)) is None


def watched(*words: str) -> int | None:
    """The exit code; None for the usual one."""
    try:
        told("watch", *words)
    except SystemExit as leaving:
        return int(str(leaving.code))
    return None


def test_queues_are_shown_in_numbers() -> None:
    put(), put(delay=60), put(queue="crm")
    email = answer("stats")["queues"]["email"]
    assert (email["pending_jobs"], email["delayed_jobs"], email["state"], email["ended"]) == (1, 1, "no worker", 0)
    assert told("stats", "--period", "day").splitlines()[1].split()[:2] == ["email", "no"]


def test_workers_are_shown_with_what_they_run() -> None:
    assert "Start one" in told("workers")
    wellness.worker(["email"])
    claim = running(task="greet")
    [worker] = answer("workers")["workers"]
    assert (worker["name"], [job["job_id"] for job in worker["jobs"]]) == (HERE.name, [str(claim.id)])
    assert "greet for " in told("workers")
