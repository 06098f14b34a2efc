"""Schedules in the admin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import AuditEntry, Job, Role, Schedule
from tests.jobs.admin.conftest import page, text_of
from tests.jobs.api import states
from tests.jobs.api.people import with_role

GIVEN = {
    "name": "morning",
    "task": states.greet.name,  # type: ignore[attr-defined]
    "arguments": '{"name": "Ada"}',
    "cron": "30 9 * * *",
    "every": "",
    "time_zone": "Europe/Berlin",
    "overlap": "skip",
    "missed": "once",
    "owner_id": "",
    "enabled": "on",
}


def add(client: Client, **changes: Any) -> str:
    return text_of(client.post("/admin/jobs/schedule/add/", GIVEN | changes, follow=True))


def change(client: Client, schedule: Schedule, **changes: Any) -> str:
    return text_of(client.post(f"/admin/jobs/schedule/{schedule.pk}/change/", GIVEN | changes, follow=True))


def test_a_schedule_is_added(as_superuser: Client) -> None:
    add(as_superuser)
    made = Schedule.objects.get()
    assert (made.task, made.arguments, made.cron, made.every) == ("tests.greet", {"name": "Ada"}, "30 9 * * *", None)
    assert (made.time_zone, made.overlap, made.missed, made.owner_id, made.paused) == (
        "Europe/Berlin",
        "skip",
        "once",
        None,
        False,
    )


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("task", "no_such_task", "not one of the available choices"),
        ("arguments", '{"nobody": 1}', "unexpected keyword argument"),
        ("arguments", '{"times": "often"}', "times: Input should be a valid integer"),
        ("arguments", "[1]", "Give them by name"),
        ("arguments", "{", "Enter a valid JSON"),
        ("cron", "every day", "Not a cron expression"),
        ("cron", "", "Give either a cron expression or a number of seconds"),
        ("time_zone", "Mars/Olympus", "not one of the available choices"),
        ("owner_id", "77", "There is no user 77"),
    ],
)
def test_what_could_never_tick_is_told_at_its_field(as_superuser: Client, field: str, value: str, told: str) -> None:
    text = add(as_superuser, **{field: value})
    assert told in text.replace("&#x27;", "'")
    assert f'id="id_{field}_error"' in text
    assert not Schedule.objects.exists()


def test_the_next_five_are_shown_before_anything_is_saved(as_superuser: Client) -> None:
    text = add(as_superuser, _preview="1", cron="", every="3600")
    assert text.count("<li><time") == 5
    assert not Schedule.objects.exists()
    assert "<li><time" not in add(as_superuser, _preview="1", cron="nonsense")


def test_the_next_five_of_a_saved_one_are_in_its_own_zone(as_superuser: Client) -> None:
    add(as_superuser)
    text = page(as_superuser, "jobs_schedule_change", Schedule.objects.get().pk)
    assert text.count("09:30:00 CE") == 5


def test_another_time_begins_anew_and_another_name_does_not(as_superuser: Client) -> None:
    add(as_superuser)
    next_tick = datetime(2099, 1, 1, tzinfo=UTC)
    Schedule.objects.update(next_tick=next_tick)
    schedule = Schedule.objects.get()
    change(as_superuser, schedule, name="early")
    assert Schedule.objects.get().next_tick == next_tick
    change(as_superuser, schedule, name="early", cron="0 6 * * *")
    assert Schedule.objects.get().next_tick is None


def test_one_is_switched_off_and_on(as_superuser: Client) -> None:
    add(as_superuser)
    schedule = Schedule.objects.get()
    off = {name: value for name, value in GIVEN.items() if name != "enabled"}
    as_superuser.post(f"/admin/jobs/schedule/{schedule.pk}/change/", off)
    assert Schedule.objects.get().paused
    change(as_superuser, schedule)
    assert not Schedule.objects.get().paused


def test_each_change_is_recorded_with_what_it_was(as_superuser: Client) -> None:
    add(as_superuser)
    schedule = Schedule.objects.get()
    change(as_superuser, schedule, cron="0 6 * * *")
    as_superuser.post(f"/admin/jobs/schedule/{schedule.pk}/delete/", {"post": "yes"})
    added, changed, deleted = AuditEntry.objects.order_by("id")
    assert [entry.verb for entry in (added, changed, deleted)] == ["add", "change", "delete"]
    assert {entry.subject for entry in (added, changed, deleted)} == {"schedule morning"}
    assert changed.before
    assert changed.after
    assert (changed.by, changed.before["cron"], changed.after["cron"]) == ("root", "30 9 * * *", "0 6 * * *")
    assert (added.before, deleted.after) == (None, None)


def test_a_name_is_text(as_superuser: Client) -> None:
    add(as_superuser, name="<script>alert(1)</script>")
    pages = page(as_superuser, "jobs_schedule_changelist")
    pages += page(as_superuser, "jobs_schedule_change", Schedule.objects.get().pk)
    assert "<script>alert" not in pages


def test_who_may_only_look_changes_nothing(staff: User, as_staff: Client, as_superuser: Client) -> None:
    add(as_superuser)
    schedule = Schedule.objects.get()
    assert as_staff.get("/admin/jobs/schedule/").status_code == 403
    with_role(staff, Role.VIEWER)
    assert "morning" in page(as_staff, "jobs_schedule_change", schedule.pk)
    assert as_staff.post("/admin/jobs/schedule/add/", GIVEN).status_code == 403
    assert as_staff.post(f"/admin/jobs/schedule/{schedule.pk}/change/", GIVEN | {"name": "x"}).status_code == 403
    assert Schedule.objects.get().name == "morning"


def test_its_job_is_made_now_with_a_reason(as_superuser: Client) -> None:
    add(as_superuser)
    schedule = Schedule.objects.get()
    assert f"/admin/jobs/schedule/{schedule.pk}/run-now/" in page(as_superuser, "jobs_schedule_change", schedule.pk)
    ask = f"/admin/jobs/schedule/{schedule.pk}/run-now/"
    assert "The ticks stay as they are" in text_of(as_superuser.get(ask))
    assert not Job.objects.exists()
    answer = as_superuser.post(ask, {"reason": "the boss asks"})
    job = Job.objects.get()
    assert answer["Location"] == f"/admin/jobs/job/{job.pk}/change/"
    assert (job.task, job.arguments, job.schedule_id) == ("tests.greet", {"name": "Ada"}, schedule.pk)
    act = AuditEntry.objects.latest("id")
    assert (act.verb, act.subject, act.by, act.reason) == ("run now", "schedule morning", "root", "the boss asks")
    assert act.origin == "admin"


def test_its_ticks_pass_until_it_is_resumed(as_superuser: Client) -> None:
    add(as_superuser)
    schedule = Schedule.objects.get()
    for verb, paused, told in (("pause", True, "morning is paused."), ("resume", False, "morning ticks again.")):
        ask = f"/admin/jobs/schedule/{schedule.pk}/{verb}/"
        assert ask in page(as_superuser, "jobs_schedule_change", schedule.pk)
        assert f"Schedule {told}" in text_of(as_superuser.post(ask, {"reason": "a holiday"}, follow=True))
        assert Schedule.objects.get().paused is paused
        act = AuditEntry.objects.latest("id")
        assert (act.verb, act.by, act.reason) == (verb, "root", "a holiday")


def test_the_job_of_a_schedule_whose_task_is_gone_is_refused_in_words(as_superuser: Client) -> None:
    add(as_superuser)
    Schedule.objects.update(task="gone")
    ask = f"/admin/jobs/schedule/{Schedule.objects.get().pk}/run-now/"
    assert "gone" in text_of(as_superuser.post(ask, {"reason": ""}, follow=True))
    assert not Job.objects.exists()


def test_who_may_only_look_runs_and_pauses_nothing(staff: User, as_staff: Client, as_superuser: Client) -> None:
    add(as_superuser)
    schedule = Schedule.objects.get()
    with_role(staff, Role.OPERATOR)
    shown = page(as_staff, "jobs_schedule_change", schedule.pk)
    for verb in ("run-now", "pause", "resume"):
        ask = f"/admin/jobs/schedule/{schedule.pk}/{verb}/"
        assert ask not in shown
        assert as_staff.post(ask, {"reason": "x"}).status_code == 403
    assert not Job.objects.exists()
    assert not Schedule.objects.get().paused


@pytest.mark.parametrize("arguments", ["[" * 100_000, '{"name": "\\ud800"}'])
def test_hostile_arguments_are_refused_at_their_field(admin_client: Client, arguments: str) -> None:
    said = add(admin_client, arguments=arguments)
    assert "nested too deep" in said or "half a surrogate pair" in said
    assert not Schedule.objects.exists()
