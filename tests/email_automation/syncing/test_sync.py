"""A sync stores each message once, goes on where it was left, and hands its messages on."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from rest_framework.test import APIClient

from email_automation import services, tasks
from email_automation.models import Mailbox, Message, SyncRun
from email_automation.syncing import pages, sync
from jobs import batches, context, lifecycle
from jobs import services as job_services
from jobs.errors import Superseded
from jobs.models import Batch, BatchStatus, Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.mailboxes.letters import FROM_LINE, letter
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db

Make = Callable[..., Mailbox]


def start(mailbox: Mailbox) -> SyncRun:
    return SyncRun.objects.get(job_id=services.sync_mailbox(mailbox).pk)


def counts(run_: SyncRun) -> tuple[int, int, int, int]:
    run_.refresh_from_db()
    return run_.found, run_.synced, run_.duplicates, run_.unreadable


def test_every_message_is_stored_and_classified_later(make_mailbox: Make) -> None:
    job = run_job(services.sync_mailbox(make_mailbox(letter(1), letter(2))))
    assert job.status == JobStatus.COMPLETED
    assert [message.subject for message in Message.objects.order_by("pk")] == ["Letter 1", "Letter 2"]
    waiting = Job.objects.filter(task="classify_message", owner_id=job.owner_id, correlation_id=job.correlation_id)
    assert {child.arguments["message_id"] for child in waiting} == set(Message.objects.values_list("pk", flat=True))


def test_a_message_keeps_what_was_parsed_of_it(make_mailbox: Make) -> None:
    raw = mail(X_Gmail_Labels="Inbox,Büro", X_GM_THRID="77", Subject="Größe\x00", Date="1 Jan 99999")
    sync.run(start(make_mailbox(raw)).job_id)
    message = Message.objects.get()
    assert (message.subject, message.thread_key, message.labels) == ("Größe", "google:77", ["Inbox", "Büro"])
    assert message.to == [["Shop", "shop@fikiri.example"]]
    assert message.date is None
    assert "bad-date" in message.problems


def test_a_second_sync_finds_only_duplicates(make_mailbox: Make) -> None:
    mailbox = make_mailbox(letter(1), letter(2), b"no header\n")
    first = start(mailbox)
    sync.run(first.job_id)
    again = start(mailbox)
    sync.run(again.job_id)
    assert counts(first) == (3, 2, 0, 1)
    assert counts(again) == (3, 0, 3, 0)
    assert Job.objects.filter(task="classify_message").count() == 2


def test_the_same_message_twice_in_a_mailbox_is_stored_once(make_mailbox: Make) -> None:
    this = start(make_mailbox(letter(1), letter(2), letter(1)))
    sync.run(this.job_id)
    assert counts(this) == (3, 2, 1, 0)


def test_the_same_message_in_two_mailboxes_is_stored_in_both(make_mailbox: Make, stranger: User) -> None:
    mine = make_mailbox(letter(1))
    theirs = services.add_mailbox(stranger, mine.location)
    for mailbox in (mine, theirs):
        sync.run(start(mailbox).job_id)
    assert sorted(Message.objects.values_list("mailbox", flat=True)) == [mine.pk, theirs.pk]


def test_what_cannot_be_understood_is_kept_with_the_reason(make_mailbox: Make) -> None:
    sync.run(start(make_mailbox(b"Only words.\n")).job_id)
    message = Message.objects.get()
    assert (message.unreadable_reason, message.text) == ("it has none of the headers of a mail", "Only words.")
    assert not Job.objects.filter(task="classify_message").exists()


def test_a_crash_between_pages_loses_and_doubles_nothing(make_mailbox: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    this = start(make_mailbox(*(letter(number) for number in range(7))))
    with monkeypatch.context() as broken:
        stored = iter(range(2))
        broken.setattr(context, "progress", lambda *_: next(stored))
        with pytest.raises(StopIteration):
            sync.run(this.job_id)
    assert counts(this) == (6, 6, 0, 0)
    sync.run(this.job_id)
    assert counts(this) == (7, 7, 0, 0)
    assert Job.objects.filter(task="classify_message").count() == 7


def test_a_page_that_cannot_be_stored_moves_no_cursor(make_mailbox: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    this = start(make_mailbox(letter(1)))

    def fail(*_: object, **__: object) -> None:
        raise IntegrityError

    with monkeypatch.context() as broken:
        broken.setattr(job_services, "enqueue_many", fail)
        with pytest.raises(IntegrityError):
            sync.run(this.job_id)
    assert (counts(this), Message.objects.count()) == ((0, 0, 0, 0), 0)
    sync.run(this.job_id)
    assert counts(this) == (1, 1, 0, 0)


def test_an_attempt_that_was_taken_for_dead_stores_nothing_more(make_mailbox: Make) -> None:
    this = start(make_mailbox(letter(1), letter(2)))
    zombie = SyncRun.objects.select_related("mailbox__user").get(pk=this.pk)
    sync.run(this.job_id)
    page = next(pages.pages(sync._open(zombie), None))
    with pytest.raises(Superseded):
        sync._store(zombie, page)
    assert counts(this) == (2, 2, 0, 0)


def test_near_its_time_limit_it_goes_on_as_the_next_slice(make_mailbox: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 1)
    monkeypatch.setattr(sync, "SLICE_MARGIN", 10_000)  # every slice is out of time after a page
    job = services.sync_mailbox(make_mailbox(letter(1), letter(2)))
    statuses = [run_job(job).is_final for _ in range(3)]
    assert statuses == [False, False, True]
    assert (job.status, job.failures) == (JobStatus.COMPLETED, 0)
    assert counts(SyncRun.objects.get()) == (2, 2, 0, 0)


def test_an_interrupted_sync_is_gone_on_with_as_the_same_job(
    make_mailbox: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 1)
    mailbox = make_mailbox(letter(1), letter(2))
    job = services.sync_mailbox(mailbox)
    job_services.cancel(job.pk)
    again = services.sync_mailbox(mailbox)
    assert (again.pk, again.status) == (job.pk, JobStatus.PENDING)
    assert SyncRun.objects.count() == 1


def test_while_a_sync_is_under_way_another_request_is_that_one(make_mailbox: Make) -> None:
    mailbox = make_mailbox(letter(1))
    assert services.sync_mailbox(mailbox).pk == services.sync_mailbox(mailbox).pk
    assert Job.objects.count() == 1


def test_a_finished_sync_run_again_changes_nothing(make_mailbox: Make) -> None:
    this = start(make_mailbox(letter(1)))
    assert sync.run(this.job_id).finished_at == sync.run(this.job_id).finished_at
    assert counts(this) == (1, 1, 0, 0)


def test_mail_that_came_since_is_found_by_the_next_sync(make_mailbox: Make) -> None:
    mailbox = make_mailbox(letter(1))
    sync.run(start(mailbox).job_id)
    with open(mailbox.location, "ab") as file:  # noqa: PTH123
        file.write(FROM_LINE + letter(2))
    later = start(mailbox)
    sync.run(later.job_id)
    assert counts(later) == (2, 1, 1, 0)


def test_a_mailbox_that_went_away_fails_with_the_reason(make_mailbox: Make) -> None:
    mailbox = make_mailbox(letter(1))
    job = services.sync_mailbox(mailbox)
    Mailbox.objects.update(location="/nowhere/at/all")
    failed = run_job(job)
    assert failed.status == JobStatus.FAILED
    assert "does not exist" in failed.error


def test_its_result_counts_people_and_leads(make_mailbox: Make) -> None:
    raw = [mail(Message_ID=f"<{number}@x>", From=f"p{number % 2}@fikiri.example") for number in range(4)]
    machine = mail(From="no-reply@fikiri.example")
    own = mail(From="shop@fikiri.example")
    job = services.sync_mailbox(make_mailbox(*raw, machine, own))
    result = tasks.process_gmail_sync(str(job.pk))
    Message.objects.filter(from_address="p1@fikiri.example").update(makes_lead=True)
    run_ = SyncRun.objects.get()
    assert (result["emails_synced"], result["contacts_found"], result["has_more"]) == (6, 2, False)
    assert (run_.contacts_found(), run_.leads_identified(), run_.progress) == (2, 1, 100.0)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"From": "SHOP@fikiri.example"}, True),
        ({"From": "me@fikiri.example"}, True),
        ({"X_Gmail_Labels": "Sent,Important"}, True),
        ({"From": "shopper@fikiri.example"}, False),
    ],
)
def test_the_users_own_mail_is_known(make_mailbox: Make, headers: dict[str, str], own: bool) -> None:
    mailbox = make_mailbox(mail(**headers))
    Mailbox.objects.update(own_addresses=["Me@Fikiri.example"])
    sync.run(start(mailbox).job_id)
    assert Message.objects.get().is_own is own


def test_attachments_are_stored_with_their_message(make_mailbox: Make) -> None:
    body = "--c\n\nhi\n--c\nContent-Type: application/pdf; name=a.pdf\n\nxxx\n--c--\n"
    sync.run(start(make_mailbox(mail(body, Content_Type="multipart/mixed; boundary=c"))).job_id)
    message = Message.objects.get()
    assert [(one.name, one.size) for one in message.attachments.all()] == [("a.pdf", 3)]
    assert message.attachment_count == 1


def test_a_cancel_while_it_runs_is_heeded_after_the_page(make_mailbox: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 1)
    monkeypatch.setattr(context, "PROGRESS_EVERY", 0)
    job = services.sync_mailbox(make_mailbox(letter(1), letter(2)))
    ask = lifecycle.progress
    monkeypatch.setattr(lifecycle, "progress", lambda *args: (job_services.cancel(job.pk), ask(*args))[1])
    assert run_job(job).status == JobStatus.CANCELLED
    assert counts(SyncRun.objects.get()) == (1, 1, 0, 0)


def test_a_jobs_status_over_rest_has_the_syncs_numbers(
    make_mailbox: Make, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 1)
    monkeypatch.setattr(sync, "SLICE_MARGIN", 10_000)
    job = services.sync_mailbox(make_mailbox(letter(1), letter(2)))
    client = APIClient()
    client.force_authenticate(user)
    seen = []
    for _ in range(3):
        run_job(job)
        data = client.get(f"/api/jobs/{job.pk}").json()["data"]
        seen.append((data["progress"], data["emails_synced"], data["contacts_found"], data["has_more"]))
    assert seen == [(50.0, 1, 1, True), (100.0, 2, 1, True), (100.0, 2, 1, False)]


def test_all_that_comes_of_a_sync_is_counted_in_one_batch(make_mailbox: Make) -> None:
    sync_job = run_job(services.sync_mailbox(make_mailbox(letter(1), letter(2))))
    for job in Job.objects.filter(task="classify_message"):
        run_job(job)
    assert set(Job.objects.values_list("batch", flat=True)) == {sync_job.batch_id}
    batches.run_once()
    counted = sync.details(Job.objects.get(pk=sync_job.pk))["batch"]
    follow_ups = Job.objects.exclude(task__in=["process_gmail_sync", "classify_message"]).count()
    assert (counted["total"], counted["completed"], counted["failed"]) == (3 + follow_ups, 3, 0)
    assert counted["status"] == ("closed" if follow_ups else "completed")


def test_a_sync_that_cannot_read_its_mailbox_ends_its_batch(make_mailbox: Make) -> None:
    mailbox = make_mailbox(letter(1))
    job = services.sync_mailbox(mailbox)
    Mailbox.objects.filter(pk=mailbox.pk).update(location="")
    assert run_job(job).status == JobStatus.FAILED
    batches.run_once()
    assert Batch.objects.get().status == BatchStatus.FAILED


def test_a_sync_that_is_gone_on_with_opens_its_batch_again(make_mailbox: Make) -> None:
    mailbox = make_mailbox(letter(1))
    job = services.sync_mailbox(mailbox)
    job_services.cancel(job.pk, by="ann")
    batches.run_once()
    assert services.sync_mailbox(mailbox).pk == job.pk
    assert Batch.objects.get().finished_at is None
