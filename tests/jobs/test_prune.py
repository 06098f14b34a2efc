"""Finished jobs go after their time, with what belongs to them; effects stay."""

import pytest
from django_celery_results.models import TaskResult
from pytest_django.fixtures import Settings

from jobs import batches, prune
from jobs.clock import Now
from jobs.models import Batch, Effect, Job
from tests.jobs.states import alter, ended, put

pytestmark = pytest.mark.django_db

DAY = 86_400


def test_a_job_goes_with_its_result_when_its_time_is_over() -> None:
    old, new = ended("completed"), ended("completed")
    alter(old, finished_at=Now(-15 * DAY))
    assert prune.run_once() == 1
    assert list(Job.objects.all()) == [new]
    assert not TaskResult.objects.filter(task_id=str(old.pk)).exists()


def test_each_status_has_its_own_time() -> None:
    alter(ended("dead"), finished_at=Now(-80 * DAY))
    alter(ended("cancelled"), finished_at=Now(-80 * DAY))
    assert prune.run_once() == 1
    assert Job.objects.get().status == "dead"


def test_a_queue_may_have_a_time_of_its_own(settings: Settings) -> None:
    settings.JOBS = {"RETENTION": {"completed": 14, "completed:ai": 3, "completed:crm": 60}}
    for queue in ("email", "ai", "crm"):
        for days in (5, 20, 80):
            alter(ended("completed", queue=queue), finished_at=Now(-days * DAY))
    assert prune.run_once() == 6
    assert sorted(Job.objects.values_list("queue", flat=True)) == ["crm", "crm", "email"]


def test_a_status_without_days_is_kept(settings: Settings) -> None:
    settings.JOBS = {"RETENTION": {"dead": 1}}
    alter(ended("completed"), finished_at=Now(-900 * DAY))
    assert prune.run_once() == 0


def test_what_waits_or_is_in_doubt_stays_however_old() -> None:
    alter(put(), created_at=Now(-900 * DAY))
    alter(ended("in_doubt"), finished_at=Now(-900 * DAY))
    assert prune.run_once() == 0


def test_an_effect_outlives_its_job() -> None:
    job = ended("completed")
    Effect.objects.create(key="mail:1", job=job, attempt=1, kind="mail", status="confirmed", created_at=Now())
    alter(job, finished_at=Now(-15 * DAY))
    prune.run_once()
    assert Effect.objects.get().job is None


def test_a_round_is_bounded() -> None:
    for _ in range(3):
        alter(ended("completed"), finished_at=Now(-15 * DAY))
    assert prune.run_once(limit=2) == 2


def test_members_of_a_batch_that_goes_on_are_kept_and_go_with_it_later() -> None:
    batch = batches.create()
    job = alter(ended("completed", batch_id=batch.pk), finished_at=Now(-100 * 86_400))
    assert prune.run_once() == 0
    batches.close(batch.pk)
    batches.run_once()
    Batch.objects.update(finished_at=Now(-100 * 86_400))
    assert prune.run_once() == 1
    prune.run_once()
    assert not Batch.objects.exists()
    assert not Job.objects.filter(pk=job.pk).exists()


def test_what_is_within_a_batch_that_goes_on_is_kept() -> None:
    parent = batches.create()
    child = batches.create(parent=parent)
    Batch.objects.filter(pk=child.pk).update(finished_at=Now(-100 * DAY))
    prune.run_once()
    assert Batch.objects.filter(pk=child.pk).exists()
    Batch.objects.update(finished_at=Now(-100 * DAY))
    for _ in range(2):  # from the inside
        prune.run_once()
    assert not Batch.objects.exists()
