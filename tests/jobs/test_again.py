"""Running many ended jobs again."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from jobs import clock, lifecycle, services
from jobs.again import Selection
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import AuditEntry, Batch, BatchStatus, Effect, EffectStatus, Job, JobEvent
from jobs.reports import of_text
from tests.jobs.states import alter, ended, put, result, row, take

pytestmark = pytest.mark.django_db

ALL = Selection(statuses=("failed", "dead", "cancelled", "expired"))


def again(selection: Selection = ALL, **options: object):  # type: ignore[no-untyped-def]
    return services.retry_many(selection, by="ann", **options)  # type: ignore[arg-type]


def unique(scope: str = "running") -> dict[str, str]:
    slot = "k:waiting" if scope == "latest" else "k"
    return {"unique_key": "k", "unique_scope": scope, "unique_slot": slot}


@pytest.mark.parametrize("status", ["failed", "dead", "cancelled", "expired"])
def test_a_job_of_many_is_put_back_just_like_one(status: str) -> None:
    one, many = ended(status), ended(status)
    services.retry(one.pk, by="ann", reason="why")
    assert again(reason="why").done == 1
    ours = {"id", "key", "created_at", "run_at", "dispatch_at", "started_at", "arguments", "worker", "boot", "pid"}
    same = [column.attname for column in Job._meta.concrete_fields if column.attname not in ours]
    assert [getattr(row(many.pk), name) for name in same] == [getattr(row(one.pk), name) for name in same]
    assert result(many.pk).status == result(one.pk).status == "PENDING"
    assert JobEvent.objects.get(job=many, kind="retry").detail == JobEvent.objects.get(job=one, kind="retry").detail
    assert take(row(many.pk)).attempt == row(one.pk).attempt + 1


@pytest.mark.parametrize("status", ["completed", "in_doubt"])
def test_what_has_not_gone_wrong_is_left_alone(status: str) -> None:
    job = ended(status)
    assert again().done == 0
    assert row(job.pk).status == status


@pytest.mark.parametrize(
    "selection",
    [
        {"queue": "crm"},
        {"task": "add"},
        {"statuses": ("dead",)},
        {"owner_id": 7},
        {"ended_before": "an hour ago"},
        {"fingerprint": "other"},
    ],
    ids=str,
)
def test_each_part_of_a_selection_narrows_it(selection: dict[str, object]) -> None:
    ended("failed")
    wanted = {
        "queue": lambda: ended("failed", queue="crm"),
        "task": lambda: ended("failed", task="add"),
        "statuses": lambda: ended("dead"),
        "owner_id": lambda: ended("failed", owner_id=7),
        "ended_before": lambda: alter(ended("failed"), finished_at=Now(-7200)),
        "fingerprint": lambda: alter(ended("failed"), fingerprint="other"),
    }[next(iter(selection))]()
    if "ended_before" in selection:
        selection = {"ended_before": clock.now() - timedelta(hours=1)}
    assert again(Selection(**selection)).done == 1  # type: ignore[arg-type]
    assert row(wanted.pk).status == "pending"


def test_without_more_words_only_what_failed_runs_again() -> None:
    cancelled = ended("cancelled")
    ended("failed")
    assert again(Selection()).done == 1
    assert row(cancelled.pk).status == "cancelled"


def test_no_more_than_the_limit_the_oldest_first() -> None:
    jobs = [alter(ended("dead"), finished_at=Now(-100 + index)) for index in range(5)]
    answer = again(limit=2)
    assert (answer.done, answer.left) == (2, 3)
    assert [row(job.pk).status for job in jobs] == ["pending", "pending", "dead", "dead", "dead"]


def test_what_ended_after_the_preview_is_left_alone() -> None:
    ended("dead")
    preview = services.preview_retry(ALL)
    alter(ended("dead"), finished_at=Now(60))
    assert (preview.count, again(until=preview.until).done) == (1, 1)


@pytest.mark.parametrize("scope", ["waiting", "running", "latest"])
def test_a_job_whose_place_is_taken_is_reported_and_stops_no_other(scope: str) -> None:
    held_up, free = ended("dead", **unique(scope)), ended("dead")
    holder = put(**unique(scope))
    assert services.preview_retry(ALL).busy == 1
    answer = again()
    assert (answer.done, answer.busy, answer.left) == (1, {held_up.pk: str(holder.pk)}, 0)
    assert (row(held_up.pk).status, row(free.pk).status) == ("dead", "pending")


def test_of_two_of_a_kind_one_runs_again() -> None:
    first, second = ended("dead", **unique()), ended("dead", **unique())
    answer = again()
    assert answer.done == 1
    assert set(answer.busy) < {first.pk, second.pk}


def test_the_preview_groups_causes_and_counts_effects_and_changes_nothing() -> None:
    jobs = [ended("failed") for _ in range(3)]
    lifecycle.discard(take(put()), of_text("no such address", error_class="SMTPError"))
    for job, status in zip(
        jobs, [EffectStatus.CONFIRMED, EffectStatus.CONFIRMED, EffectStatus.ATTEMPTING], strict=True
    ):
        Effect.objects.create(key=str(job.pk), job=job, attempt=1, kind="mail", status=status, created_at=clock.now())
    before = list(Job.objects.order_by("pk").values())
    preview = services.preview_retry(ALL)
    assert [(cause.count, cause.error_class) for cause in preview.causes] == [(3, "ValueError"), (1, "SMTPError")]
    assert preview.causes[0].error == "it broke"
    assert preview.causes[0].example in {job.pk for job in jobs}
    assert (preview.count, preview.effects_made, preview.effects_unclear) == (4, 2, 1)
    assert list(Job.objects.order_by("pk").values()) == before


def test_a_finished_batch_counts_again_when_a_member_runs_again() -> None:
    batch = Batch.objects.create(status=BatchStatus.FAILED, created_at=clock.now(), finished_at=clock.now())
    ended("dead", batch_id=batch.pk)
    again()
    batch.refresh_from_db()
    assert (batch.status, batch.finished_at) == ("closed", None)


def test_many_are_put_back_by_few_statements(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for _ in range(60):
        ended("dead")
    with django_assert_max_num_queries(20):
        assert again().done == 60


def test_who_and_why_is_recorded_with_what_was_selected() -> None:
    ended("dead")
    again(Selection(statuses=("dead",)), reason="mended", origin="REST")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.by, entry.reason, entry.origin) == ("retry", "ann", "mended", "REST")
    assert entry.before == {"selection": {"statuses": ["dead"]}}
    assert entry.after == {"done": 1, "busy": 0, "left": 0}


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ({"queue": "mail"}, "queue"),
        ({"task": "no_such_task"}, "task"),
        ({"statuses": ("completed",)}, "status"),
        ({"statuses": ()}, "status"),
        ({"ended_after": datetime(2026, 1, 1)}, "ended_after"),  # noqa: DTZ001
    ],
)
def test_a_selection_that_can_mean_nothing_is_refused_by_name(selection: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        Selection(**selection)  # type: ignore[arg-type]
    assert refusal.value.field == field


def command(*words: str) -> str:
    out = StringIO()
    call_command("retry", *words, stdout=out)
    return out.getvalue()


def test_the_command_shows_first_and_acts_when_told_to() -> None:
    job = ended("dead")
    shown = command("--status", "dead", "--after", "2020-01-01T00:00")
    assert "1 jobs" in shown
    assert "ValueError: it broke" in shown
    assert row(job.pk).status == "dead"
    assert "1 run again" in command("--status", "dead", "--yes", "--reason", "mended", "--by", "ann")
    assert row(job.pk).status == "pending"


@pytest.mark.parametrize("words", [["--status", "completed"], ["--after", "yesterday"], ["--limit", "0"]])
def test_the_command_refuses_what_it_does_not_understand(words: list[str]) -> None:
    with pytest.raises(CommandError):
        command(*words)
