"""Batches: counted, finished once, and what follows them."""

import celery
import pytest
from celery import chord, group

from jobs import batches, lifecycle, services
from jobs.errors import InvalidArguments
from jobs.models import Batch, BatchStatus, Job, JobStatus
from jobs.testing import drain, run_job
from tests.jobs.states import BROKEN, in_state, row, take

pytestmark = pytest.mark.django_db


def members(batch: Batch, count: int) -> list[Job]:
    ids = services.enqueue_many("echo", [{"value": number} for number in range(count)], batch_id=batch.pk)
    return [row(pk) for pk in ids]


def follower(task: str) -> Job | None:
    return Job.objects.filter(task=task).first()


def test_progress_is_counted() -> None:
    batch = batches.create("sync")
    first, second, _ = members(batch, 3)
    lifecycle.complete([(take(first), "null")])
    lifecycle.fail(take(second), BROKEN)
    batches.run_once()
    batch.refresh_from_db()
    assert (batch.total, batch.completed, batch.failed, batch.status) == (3, 1, 1, BatchStatus.OPEN)


def test_it_ends_once_when_closed_and_all_members_have() -> None:
    batch = batches.create("sync", on_success=("add", {"a": 1, "b": 2}))
    [only] = members(batch, 1)
    lifecycle.complete([(take(only), "null")])
    assert batches.run_once() == 0  # members may still come
    batches.close(batch.pk)
    assert (batches.run_once(), batches.run_once()) == (1, 0)
    assert Job.objects.filter(task="add").count() == 1


def test_two_who_count_it_at_once_end_it_once() -> None:
    batch = batches.create()
    batches.close(batch.pk)
    batch.refresh_from_db()
    assert [batches._look_at(batch) for _ in range(2)] == [True, False]  # each has read it before the other wrote


def test_an_empty_batch_completes() -> None:
    batch = batches.create(on_complete=("add", {"a": 1, "b": 2}))
    batches.close(batch.pk)
    batches.run_once()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.COMPLETED
    assert follower("add")


def test_each_member_is_counted_as_it_ended() -> None:
    batch = batches.create()
    for status in ("completed", "failed", "dead", "cancelled", "expired", "processing", "in_doubt", "pending"):
        in_state(status, batch_id=batch.pk)
    batches.run_once()
    batch.refresh_from_db()
    assert (batch.total, batch.completed, batch.failed, batch.dropped) == (8, 1, 2, 2)
    assert (batch.ended, batch.percent) == (5, 62.5)


def test_a_batch_is_reached_however_many_old_ones_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    for _ in range(5):
        batches.create("waits for more members")
    batches.close(batches.create("is over").pk)
    watcher = batches.Watcher()
    assert sum(watcher.run_once() for _ in range(4)) == 1


def test_one_whose_last_member_runs_again_meanwhile_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batches.create()
    job = in_state("dead", batch_id=batch.pk)
    batches.close(batch.pk)
    seen = batches.count(batch)
    services.retry(job.pk, by="ann")
    counted = iter([seen, batches.count(batch)])  # the first look saw the job before it was put back
    monkeypatch.setattr(batches, "count", lambda _: next(counted))
    assert batches.run_once() == 0


def test_a_finished_batch_goes_on_with_a_member_that_runs_again_and_succeeds_late() -> None:
    batch = batches.create(on_success=("add", {"a": 1, "b": 2}), on_complete=("greet", {"user_id": 7}))
    job = in_state("dead", batch_id=batch.pk)
    batches.close(batch.pk)
    batches.run_once()
    services.retry(job.pk, by="ann")
    lifecycle.complete([(take(row(job.pk)), "null")])
    batches.run_once()
    batch.refresh_from_db()
    assert (batch.status, batch.completed, batch.failed) == (BatchStatus.COMPLETED, 1, 0)
    assert Job.objects.filter(task__in=["add", "greet"]).count() == 2  # each once


def test_what_a_member_adds_to_a_cancelled_batch_is_cancelled_too() -> None:
    batch = batches.create()
    [only] = members(batch, 1)
    take(only)
    batches.cancel(batch.pk, by="tests", reason="wrong mailbox")
    [late] = members(batch, 1)
    batches.run_once()
    assert row(late.pk).status == JobStatus.CANCELLED


def test_success_does_not_follow_a_failure_but_completion_does() -> None:
    batch = batches.create(on_success=("add", {"a": 1, "b": 2}), on_complete=("greet", {"user_id": 7}))
    [only] = members(batch, 1)
    batches.close(batch.pk)
    lifecycle.fail(take(only), BROKEN)
    batches.run_once()
    batch.refresh_from_db()
    assert (batch.status, follower("add")) == (BatchStatus.FAILED, None)
    assert follower("greet")


def test_a_job_in_doubt_is_unfinished() -> None:
    batch = batches.create()
    [only] = members(batch, 1)
    batches.close(batch.pk)
    lifecycle.doubt(take(only), BROKEN)
    assert batches.run_once() == 0


def test_a_failure_stops_the_rest_where_that_is_wished() -> None:
    batch = batches.create(stop_on_failure=True)
    first, second = members(batch, 2)
    lifecycle.fail(take(first), BROKEN)
    batches.run_once()
    assert row(second.pk).status == JobStatus.CANCELLED


def test_a_parent_waits_for_its_children() -> None:
    parent = batches.create("parent")
    child = batches.create("child", parent=parent)
    batches.close(parent.pk)
    assert batches.run_once() == 0
    batches.close(child.pk)
    assert batches.run_once() >= 1
    batches.run_once()
    parent.refresh_from_db()
    assert parent.status == BatchStatus.COMPLETED


def test_a_parent_counts_what_is_within_it_too() -> None:
    parent = batches.create("all")
    child = batches.create("some", parent=parent)
    grandchild = batches.create("few", parent=child)
    members(parent, 1)
    first, _ = members(child, 2)
    [second] = members(grandchild, 1)
    lifecycle.complete([(take(first), "null")])
    lifecycle.fail(take(second), BROKEN)
    for _ in range(3):  # what is innermost was made last
        batches.run_once()
    parent.refresh_from_db()
    assert (parent.total, parent.completed, parent.failed) == (4, 1, 1)


def test_a_parent_has_not_succeeded_where_a_childs_member_failed() -> None:
    parent = batches.create(on_success=("add", {"a": 1, "b": 2}))
    child = batches.create(parent=parent)
    [only] = members(child, 1)
    lifecycle.fail(take(only), BROKEN)
    close_and_count(parent, child)
    assert (parent.status, follower("add")) == (BatchStatus.FAILED, None)


def test_a_childs_member_that_runs_again_reopens_the_parent_too() -> None:
    parent = batches.create(on_success=("add", {"a": 1, "b": 2}))
    child = batches.create(parent=parent)
    job = in_state("dead", batch_id=child.pk)
    close_and_count(parent, child)
    services.retry(job.pk, by="ann")
    parent.refresh_from_db()
    assert parent.finished_at is None
    lifecycle.complete([(take(row(job.pk)), "null")])
    close_and_count(parent, child)
    assert (parent.status, parent.completed, parent.total) == (BatchStatus.COMPLETED, 1, 1)
    assert follower("add")


def test_one_that_goes_on_after_members_were_pruned_ends_again() -> None:
    batch = batches.create()
    gone, job = members(batch, 1)[0], in_state("dead", batch_id=batch.pk)
    lifecycle.complete([(take(gone), "null")])
    close_and_count(batch)
    row(gone.pk).delete()
    services.retry(job.pk, by="ann")
    lifecycle.complete([(take(row(job.pk)), "null")])
    close_and_count(batch)
    assert batch.status == BatchStatus.COMPLETED


def test_cancelling_a_parent_cancels_what_is_within_it() -> None:
    parent = batches.create()
    child = batches.create(parent=parent)
    [waiting] = members(child, 1)
    assert batches.cancel(parent.pk, by="tests", reason="wrong mailbox") == 1
    child.refresh_from_db()
    assert (row(waiting.pk).status, child.status) == (JobStatus.CANCELLED, BatchStatus.CANCELLED)


def close_and_count(*all_of_them: Batch) -> None:
    for batch in all_of_them:
        batches.close(batch.pk)
    for _ in all_of_them:
        batches.run_once()
    for batch in all_of_them:
        batch.refresh_from_db()


def test_cancelling_cancels_what_waits() -> None:
    batch = batches.create()
    waiting = members(batch, 3)
    assert batches.cancel(batch.pk, by="tests", reason="wrong mailbox") == 3
    assert {row(job.pk).status for job in waiting} == {JobStatus.CANCELLED}
    batches.run_once()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.CANCELLED


def test_what_follows_is_checked_when_the_batch_is_made() -> None:
    with pytest.raises(InvalidArguments, match="add"):
        batches.create(on_success=("add", {"a": "one"}))


def test_a_chords_body_gets_the_results_in_order() -> None:
    tasks = celery.current_app.tasks
    body = chord(group(tasks["add"].s(1, 1), tasks["add"].s(2, 2), tasks["add"].s(3, 3)))(tasks["echo"].s())
    for job in Job.objects.filter(task="add").order_by("-created_at"):
        run_job(job)
    drain()
    assert body.get(timeout=1) == [2, 4, 6]


def test_a_chords_body_does_not_run_when_a_part_failed() -> None:
    tasks = celery.current_app.tasks
    body = chord(group(tasks["add"].s(1, 1), tasks["add"].s(2, 2)))(tasks["echo"].s())
    first, second = Job.objects.filter(task="add")
    run_job(first)
    lifecycle.fail(take(second), BROKEN)
    batches.run_once()
    assert not Job.objects.filter(pk=body.id).exists()
