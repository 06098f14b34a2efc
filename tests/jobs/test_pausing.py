"""Pausing and resuming queues and tasks."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jobs import direct, lifecycle, pausing, services
from jobs.clock import Now
from jobs.errors import Refused, UnknownQueue, UnknownTask
from jobs.models import AuditEntry, Job, QueueControl, TaskControl
from jobs.testing import FrozenClock
from tests.jobs.states import HERE, alter, put, row, running

pytestmark = pytest.mark.django_db


def rung() -> list[object]:
    return [due.id for due in lifecycle.ring_due("email", 100)]


def run_all() -> int:
    return direct.run_due(["email", "ai", "crm"], stop=threading.Event())


@pytest.mark.parametrize("what", [{"queue": "email"}, {"task": "echo"}])
def test_a_job_that_was_rung_before_the_pause_waits_and_spends_no_attempt(what: dict[str, Any]) -> None:
    job = put()
    rung()
    services.pause(**what, by="ann")
    assert lifecycle.claim(job.pk, HERE, job.pk) is None
    assert (row(job.pk).status, row(job.pk).attempt, row(job.pk).failures) == ("pending", 0, 0)
    services.resume(**what, by="ann")
    assert lifecycle.claim(job.pk, HERE, job.pk) is not None


@pytest.mark.parametrize("what", [{"queue": "email"}, {"task": "echo"}])
def test_what_met_the_pause_with_its_doorbell_is_rung_again_at_once_when_it_is_over(what: dict[str, Any]) -> None:
    job = put()
    rung()
    services.pause(**what, by="ann")
    assert rung() == []
    services.resume(**what, by="ann")
    assert rung() == [job.pk]


def test_what_runs_finishes() -> None:
    claim = running()
    services.pause(queue="email", by="ann")
    assert lifecycle.complete([(claim, "1")]) == {claim.id}


def test_nothing_of_a_paused_task_runs_and_everything_does_later() -> None:
    jobs = [put(), put(task="add", queue="ai", arguments={"a": 1, "b": 2})]
    services.pause(task="echo", by="ann")
    assert run_all() == 1
    services.resume(task="echo", by="ann")
    assert run_all() == 1
    assert {row(job.pk).status for job in jobs} == {"completed"}


def test_jobs_of_a_paused_task_are_met_once_and_hide_nothing_behind_them() -> None:
    held = [put(priority=0) for _ in range(30)]
    other = put(task="leave_mark", arguments={"path": "x"})
    services.pause(task="echo", by="ann")
    assert [due.id for due in lifecycle.ring_due("email", 2)] == [other.pk]
    assert Job.objects.filter(pk__in=[job.pk for job in held], dispatch_at=None).count() == 30


def test_what_was_held_back_keeps_its_place_in_the_order() -> None:
    old = alter(put(), run_at=Now(-60), dispatch_at=Now(-60))
    services.pause(task="echo", by="ann")
    rung()
    services.resume(task="echo", by="ann")
    newer = alter(put(task="greet"), run_at=Now(-30), dispatch_at=Now(-30))
    assert [due.id for due in lifecycle.ring_due("email", 1)] == [old.pk]
    assert rung() == [newer.pk]


def test_a_delayed_job_that_was_held_back_still_waits_for_its_time() -> None:
    job = alter(put(delay=600), dispatch_at=None)
    TaskControl.objects.create(name="echo", paused=False)
    pausing.run_once()
    assert row(job.pk).dispatch_at == row(job.pk).run_at


def test_many_that_were_held_back_are_woken_in_small_statements_by_the_dispatcher(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pausing, "AT_ONCE", 4)
    monkeypatch.setattr(pausing, "WAKE_FOR", 3600)
    for _ in range(11):
        put()
    services.pause(task="echo", by="ann")
    rung()
    services.resume(task="echo", by="ann")
    assert Job.objects.filter(dispatch_at=None).count() == 7
    assert pausing.run_once() == 7
    assert len(rung()) == 11


def test_what_a_slow_dispatcher_holds_back_after_the_end_of_a_pause_is_woken_too() -> None:
    job = put()
    services.pause(task="echo", by="ann")
    services.resume(task="echo", by="ann")
    alter(job, dispatch_at=None)  # by a statement that saw the pause
    assert pausing.run_once() == 1
    assert rung() == [job.pk]


def test_who_and_why_is_recorded_once_for_each_change() -> None:
    for reason in ("a flood", "a flood", "worse"):
        services.pause(queue="email", by="ann", reason=reason, origin="admin")
    services.resume(queue="email", by="bob")
    services.resume(queue="email", by="bob")
    acts = AuditEntry.objects.order_by("id").values_list("verb", "subject", "by", "reason", "origin")
    assert list(acts) == [
        ("pause", "queue email", "ann", "a flood", "admin"),
        ("pause", "queue email", "ann", "worse", "admin"),
        ("resume", "queue email", "bob", "", ""),
    ]
    assert AuditEntry.objects.order_by("id")[1].before == {"paused": True, "reason": "a flood"}


def test_an_old_name_of_a_queue_pauses_it() -> None:
    services.pause(queue="gmail_sync", by="ann")
    assert QueueControl.objects.get().name == "email"


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({}, Refused),
        ({"queue": "email", "task": "echo"}, Refused),
        ({"queue": "mail"}, UnknownQueue),
        ({"task": "no_such_task"}, UnknownTask),
        ({"task": "a\x00b"}, UnknownTask),
    ],
)
@pytest.mark.parametrize("verb", [services.pause, services.resume])
def test_what_there_is_not_is_neither_paused_nor_resumed(verb, what, error) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error):
        verb(**what, by="ann")
    assert not AuditEntry.objects.exists()


def test_a_task_that_is_gone_can_still_be_resumed() -> None:
    TaskControl.objects.create(name="gone", paused=True)
    assert not services.resume(task="gone", by="ann").paused


def test_a_command_pauses_says_what_is_paused_and_resumes() -> None:
    def say(*command: str) -> str:
        out = StringIO()
        call_command(*command, stdout=out)
        return out.getvalue().strip()

    assert say("pause", "email", "--reason", "a flood", "--by", "ann") == "queue email paused by ann: a flood"
    assert say("pause", "--task", "echo", "--by", "bob") == "task echo paused by bob"
    assert say("pause").splitlines() == ["queue email paused by ann: a flood", "task echo paused by bob"]
    assert say("resume", "email", "--task", "echo", "--by", "bob").splitlines() == [
        "queue email runs by bob",
        "task echo runs by bob",
    ]
    with pytest.raises(CommandError, match="Queues: email, ai, crm"):
        say("pause", "mail")


@pytest.mark.parametrize("what", [{"queue": "email"}, {"task": "echo"}])
def test_what_is_paused_for_a_while_goes_on_by_itself(what: dict[str, Any], jobs_clock: FrozenClock) -> None:
    job = put()
    rung()
    services.pause(**what, by="ann", reason="calm", seconds=60)
    pausing.run_once()
    assert rung() == []
    jobs_clock.advance(61)
    pausing.run_once()
    assert (services.paused(), rung()) == ([], [job.pk])
    ends = AuditEntry.objects.get(verb="resume")
    assert (ends.by, ends.after) == (pausing.BY_TIME, {"paused": False, "reason": ""})


def test_pausing_again_gives_another_time_or_none(jobs_clock: FrozenClock) -> None:
    services.pause(queue="email", by="ann", seconds=60)
    services.pause(queue="email", by="ann")
    jobs_clock.advance(61)
    pausing.run_once()
    assert [control.resume_at for control in services.paused()] == [None]


@pytest.mark.parametrize("seconds", [0, -1, pausing.LONGEST + 1, float("nan")])
def test_a_time_out_of_its_range_is_refused_and_nothing_is_paused(seconds: float) -> None:
    with pytest.raises(Refused, match="up to 30 days") as refused:
        services.pause(queue="email", by="ann", seconds=seconds)
    assert (refused.value.field, services.paused()) == ("seconds", [])


def test_a_command_pauses_for_a_while() -> None:
    out = StringIO()
    call_command("pause", "email", seconds=3600, reason="calm", by="ann", stdout=out)
    assert out.getvalue().startswith("queue email paused by ann: calm; goes on in ")
