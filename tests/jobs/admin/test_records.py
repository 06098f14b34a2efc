from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_celery_results.models import GroupResult, TaskResult

from jobs import audit, batches
from jobs.clock import Now
from jobs.models import (
    Attempt,
    AuditEntry,
    Batch,
    Effect,
    JobEvent,
    Quarantine,
    WorkerBeat,
)
from tests.jobs.admin.conftest import page, text_of
from tests.jobs.api import states

HOSTILE = "<script>alert(1)</script>"


def an_attempt() -> Attempt:
    return Attempt.objects.get(job=states.failed(error=HOSTILE))


def an_event() -> JobEvent:
    return JobEvent.objects.get(job=states.cancelled())


def an_effect() -> Effect:
    return Effect.objects.create(key=HOSTILE, job=states.running(), attempt=1, kind="mail", created_at=Now())


def an_effect_of_a_pruned_job() -> Effect:
    return Effect.objects.create(key="old", job=None, attempt=1, kind="mail", created_at=Now())


def a_batch() -> Batch:
    return Batch.objects.create(name=HOSTILE, correlation_id="x", created_at=Now())


def a_message() -> Quarantine:
    return Quarantine.objects.create(queue="email", reason="not JSON", digest="ab", size=3, head=HOSTILE)


def an_entry() -> AuditEntry:
    return AuditEntry.objects.create(at=Now(), by=HOSTILE, verb="pause", subject="email", previous_hash="", hash="1")


def a_worker() -> WorkerBeat:
    beats = {"started_at": Now(-60), "beat_at": Now(-60)}
    return WorkerBeat.objects.create(
        boot=uuid.uuid4(), name=HOSTILE, host="box", pid=1, queues=["ai"], slots=2, **beats
    )


def a_result() -> TaskResult:
    return TaskResult.objects.get(task_id=str(states.completed(result=HOSTILE).pk))


def a_foreign_result() -> TaskResult:
    return TaskResult.objects.create(task_id="not-ours", content_type="x", content_encoding="x", result=HOSTILE)


def a_group() -> GroupResult:
    return GroupResult.objects.create(group_id="g", content_type="x", content_encoding="x")


RECORDS = [
    an_attempt, an_event, an_effect, an_effect_of_a_pruned_job, a_batch, a_message, an_entry, a_worker,
    a_result, a_foreign_result, a_group,
]  # fmt: skip
Make = Callable[[], Any]


@pytest.mark.parametrize("make", RECORDS)
def test_a_record_can_be_looked_at_and_its_text_is_text(as_superuser: Client, make: Make) -> None:
    row = make()
    name = f"{row._meta.app_label}_{row._meta.model_name}"
    listed, detail = page(as_superuser, f"{name}_changelist"), page(as_superuser, f"{name}_change", row.pk)
    assert "<script>alert" not in listed + detail
    assert 'name="_save"' not in detail


@pytest.mark.parametrize("make", RECORDS)
def test_a_record_is_never_added_edited_or_deleted(as_superuser: Client, make: Make) -> None:
    row = make()
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    before = type(row).objects.filter(pk=row.pk).values().get()
    assert as_superuser.get(reverse(f"{name}_add")).status_code == 403
    if not isinstance(row, Quarantine):  # that one is thrown away once it was looked at
        assert as_superuser.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    as_superuser.post(reverse(f"{name}_change", args=[row.pk]), {"name": "other", "reason": "other"})
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("make", RECORDS)
def test_a_record_is_hidden_from_staff_without_a_role(as_staff: Client, make: Make) -> None:
    row = make()
    assert as_staff.get(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")).status_code == 403


@pytest.mark.parametrize("model", ["attempt", "jobevent", "effect"])
@pytest.mark.parametrize("term", ["words", "%", str(uuid.uuid4()), "\x00"])
def test_records_are_searched_by_job_or_words(as_superuser: Client, model: str, term: str) -> None:
    page(as_superuser, f"jobs_{model}_changelist", q=term)


def test_attempts_are_found_by_their_jobs_id(as_superuser: Client) -> None:
    job = states.failed()
    states.failed()
    assert "1 attempt\n" in page(as_superuser, "jobs_attempt_changelist", q=str(job.pk))


def test_attempts_are_narrowed_by_outcome(as_superuser: Client) -> None:
    states.failed()
    states.dead()
    assert "1 attempt\n" in page(as_superuser, "jobs_attempt_changelist", outcome="dead")


@pytest.mark.parametrize("model", [TaskResult, GroupResult])
def test_results_offer_no_action(as_superuser: Client, model: type[TaskResult | GroupResult]) -> None:
    assert admin.site._registry[model].actions is None


def test_a_result_leads_to_its_job(as_superuser: Client) -> None:
    row = a_result()
    assert f"/admin/jobs/job/{row.task_id}/change/" in page(
        as_superuser, "django_celery_results_taskresult_change", row.pk
    )


def test_a_batch_shows_all_that_is_below_it_with_counts(as_superuser: Client) -> None:
    root = Batch.objects.create(name="sync <b>", correlation_id="x", created_at=Now(), total=4, completed=1, failed=2)
    Batch.objects.create(name="leaf", parent=root, correlation_id="x", created_at=Now())
    text = page(as_superuser, "jobs_batch_change", root.pk)
    assert "sync &lt;b&gt;</a>" in text
    assert "1 completed" in text
    assert '<span class="jobs-error">2 failed</span>' in text
    assert ">leaf</a>" in text


def test_a_batch_is_cancelled_after_it_was_asked_back(as_operator: Client, as_viewer: Client) -> None:
    batch = batches.create("all")
    job = states.waiting(batch_id=batch.pk)
    page, address = f"/admin/jobs/batch/{batch.pk}/change/", f"/admin/jobs/batch/{batch.pk}/cancel/"
    assert address in text_of(as_operator.get(page))
    assert address not in text_of(as_viewer.get(page))
    assert as_viewer.post(address, {"reason": "no"}).status_code == 403
    assert "what was done stays done" in text_of(as_operator.get(address))
    assert "1 job cancelled" in text_of(as_operator.post(address, {"reason": "wrong list"}, follow=True))
    job.refresh_from_db()
    assert (job.status, AuditEntry.objects.get(subject=f"batch {batch.pk}").reason) == ("cancelled", "wrong list")


def test_the_audit_is_narrowed_by_verb_and_person_and_searched_by_reason(as_superuser: Client) -> None:
    for by, verb, reason in (("ann", "pause", "the quota is used up"), ("bob", "resume", "a new month")):
        audit.record(verb, "queue ai", by=by, reason=reason)
    for query in ({"verb": "pause"}, {"by": "ann"}, {"q": "quota"}):
        text = page(as_superuser, "jobs_auditentry_changelist", **query)
        assert "the quota is used up" in text, query
        assert "a new month" not in text, query


def test_a_list_of_nothing_says_so(as_superuser: Client) -> None:
    assert "Nothing here yet." in page(as_superuser, "jobs_quarantine_changelist")
    nothing = page(as_superuser, "jobs_quarantine_changelist", q="nobody")
    assert 'Nothing is like that. <a href="?">Show all</a>' in nothing
