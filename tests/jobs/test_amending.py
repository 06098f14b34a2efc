"""A waiting job is given other arguments."""

from __future__ import annotations

from typing import Any

import pytest

from jobs import history, lifecycle, services
from jobs.errors import InvalidArguments, JobNotFound, Refused, WrongState
from jobs.models import AuditEntry, Checkpoint, Effect, EffectStatus, Job, JobEvent
from tests.jobs.api import states
from tests.jobs.states import alter

pytestmark = pytest.mark.django_db


def test_the_job_runs_with_its_new_arguments_and_what_they_were_is_kept() -> None:
    job = states.waiting(args={"name": "Ada", "times": 2})
    changed = services.change_arguments(job.pk, {"name": "Bea", "times": 2}, by="jane", reason="misspelt")
    assert changed.arguments == states.claimed(job).arguments == {"name": "Bea", "times": 2}
    entry, event = AuditEntry.objects.get(), JobEvent.objects.get(kind="change")
    assert (entry.verb, entry.subject, entry.by, entry.reason) == ("change", f"job {job.pk}", "jane", "misspelt")
    assert (entry.before, entry.after) == ({"arguments": {"name": "Ada"}}, {"arguments": {"name": "Bea"}})
    assert (event.by, event.detail["before"], event.detail["after"]) == ("jane", entry.before, entry.after)


def test_a_secret_is_neither_lost_nor_shown() -> None:
    job = states.waiting(task="tests.remember", args={"api_key": "k-1", "note": "old"})
    services.change_arguments(job.pk, {"api_key": "***", "note": "new"}, by="jane")
    assert Job.objects.get().arguments == {"api_key": "k-1", "note": "new"}
    services.change_arguments(job.pk, {"api_key": "k-2", "note": "new"}, by="jane")
    assert Job.objects.get().arguments == {"api_key": "k-2", "note": "new"}
    last = AuditEntry.objects.latest("pk")
    assert (last.before, last.after) == ({"arguments": {"api_key": "***"}}, {"arguments": {"api_key": "***"}})


def test_the_timeline_says_what_was_changed_to_what() -> None:
    job = states.waiting(task="tests.remember", args={"api_key": "k-1", "note": "old"})
    services.change_arguments(job.pk, {"api_key": "k-2", "note": "new"}, by="jane", reason="typo")
    services.change(job.pk, priority=1, by="jane")
    notes = [moment.note for moment in history.of(Job.objects.get()).moments if moment.text == "change"]
    assert notes == ['typo, api_key "***" → "***", note "old" → "new"', "priority 5 → 1"]


@pytest.mark.parametrize(
    ("task", "args", "wished", "error", "field"),
    [
        ("tests.greet", {"name": "Ada"}, {"nam": "Bea"}, InvalidArguments, "args"),
        ("tests.greet", {"name": "Ada"}, {"name": 7}, InvalidArguments, "name"),
        ("tests.greet", {"name": "Ada"}, {"name": "a\x00b"}, InvalidArguments, "name"),
        ("tests.greet", {"name": "Ada"}, {"name": "Ada"}, Refused, "args"),
        ("tests.greet_user", {"user_id": 7}, {"user_id": 8}, Refused, "args"),
        ("tests.greet_user", {"user_id": 7}, {"user_id": "x"}, InvalidArguments, "user_id"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(
    task: str, args: dict[str, Any], wished: dict[str, Any], error: type[Refused], field: str
) -> None:
    job = states.waiting(task=task, args=args)
    with pytest.raises(error) as refusal:
        services.change_arguments(job.pk, wished, by="jane")
    assert refusal.value.field == field
    assert (Job.objects.get().arguments, AuditEntry.objects.exists()) == (args, False)


@pytest.mark.parametrize("state", [states.running, states.completed, states.dead, states.in_doubt])
def test_a_job_that_waits_no_more_keeps_its_arguments(state: Any) -> None:
    job = state()
    with pytest.raises(WrongState, match="only one that waits"):
        services.change_arguments(job.pk, {"name": "Bea"}, by="jane")
    assert Job.objects.get().arguments == job.arguments


def test_of_two_who_change_them_at_once_the_second_is_told() -> None:
    job = states.waiting()
    known = job.arguments
    services.change_arguments(job.pk, {"name": "Bea"}, by="jane")
    assert not lifecycle.change_arguments(
        job.pk, {"name": "Eve"}, known=known, by="joe", reason="", before={}, after={}
    )
    assert Job.objects.get().arguments == {"name": "Bea"}


@pytest.mark.parametrize("status", [EffectStatus.CONFIRMED, EffectStatus.ATTEMPTING])
def test_a_job_that_has_sent_a_mail_is_not_made_one_of_another_mail(status: EffectStatus) -> None:
    job = states.retrying()
    Effect.objects.create(
        key=f"{job.pk}:send", job=job, attempt=1, kind="mail", status=status, created_at=job.created_at
    )
    with pytest.raises(Refused, match="done something"):
        services.change_arguments(job.pk, {"name": "Bea"}, by="jane")
    assert (Job.objects.get().arguments, JobEvent.objects.filter(kind="change").exists()) == (job.arguments, False)


def test_it_begins_from_its_start_with_the_budget_that_it_has() -> None:
    job = states.retrying()
    Checkpoint.objects.create(job=job, value="7", attempt=1, kept_at=job.created_at)
    services.change_arguments(job.pk, {"name": "Bea"}, by="jane")
    after = Job.objects.get()
    assert (after.status, after.failures, Checkpoint.objects.exists()) == ("retrying", job.failures, False)


def test_there_is_no_job_of_that_id() -> None:
    with pytest.raises(JobNotFound):
        services.change_arguments("nobody", {}, by="jane")


def test_a_task_that_is_known_no_more_is_said_so() -> None:
    job = alter(states.waiting(), task="tests.gone")
    with pytest.raises(Refused, match=r"tests\.gone"):
        services.change_arguments(job.pk, {"name": "Bea"}, by="jane")
