"""A Gmail account is synced: nothing is missed, nothing stored twice, no cursor is ahead of what is stored."""

from contextlib import closing
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from email_automation import services
from email_automation.gmail import Temporary, client
from email_automation.models import Copy, Mailbox, Message, SyncRun
from email_automation.syncing import pages, sync
from jobs import testing
from jobs.errors import WrongState
from jobs.models import JobStatus
from jobs.testing import FrozenClock
from tests.email_automation.bombs import bombs, costs_little
from tests.email_automation.gmail.conftest import ADDRESS, connected
from tests.email_automation.mailboxes.letters import letter
from tests.servers.gmail import Box, GmailServer
from tests.servers.gmail.box import now

pytestmark = pytest.mark.django_db
DAY = 86_400_000  # milliseconds


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few messages are several pages."""
    monkeypatch.setattr(client, "PAGE", 4)
    monkeypatch.setattr(client, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(pages, "PAGE_ROWS", 3)


def synced(mailbox: Mailbox, **limits: Any) -> SyncRun:
    mailbox.refresh_from_db()
    return sync.run(services.sync_mailbox(mailbox, **limits).pk)


def fill(box: Box, count: int, start: int = 0) -> list[str]:
    return [box.deliver(letter(number)) for number in range(start, start + count)]


def stored() -> list[str]:
    """The ids under which messages are stored, in the order in which they were."""
    return list(Copy.objects.order_by("pk").values_list("provider_id", flat=True))


def test_the_first_sync_stores_everything_newest_first(mailbox: Mailbox, box: Box) -> None:
    ids = fill(box, 10)
    run = synced(mailbox)
    assert stored() == ids[::-1]
    assert (run.found, run.synced, run.total, run.done) == (10, 10, 10, 10)


def test_labels_are_names_and_marks_are_flags(mailbox: Mailbox, box: Box) -> None:
    billed = box.deliver(letter(1), "INBOX", "Bills", thread="t1")
    starred = box.deliver(letter(2), "INBOX", "STARRED", unread=False)
    synced(mailbox)
    found = {copy.provider_id: copy.message for copy in Copy.objects.select_related("message")}
    assert (found[billed].labels, found[billed].flags) == (["Bills", "INBOX"], [])
    assert (found[starred].labels, found[starred].flags) == (["INBOX"], ["seen", "flagged"])
    assert found[billed].provider_thread == "t1"


def test_only_the_window_is_read_and_no_more_than_was_said(mailbox: Mailbox, box: Box) -> None:
    for days in range(10):
        box.deliver(letter(days), date=now() - days * DAY)
    run = synced(mailbox, window_days=6, max_messages=5)
    assert (run.found, run.total) == (5, 5)
    assert len(stored()) == 5


def test_a_wider_window_reads_what_was_left_and_nothing_twice(mailbox: Mailbox, box: Box, server: GmailServer) -> None:
    for days in range(10):
        box.deliver(letter(days), date=now() - days * DAY - 1000)
    synced(mailbox, window_days=4)
    before = len(server.calls("messages.get"))
    fill(box, 1, start=20)
    run = synced(mailbox, window_days=30)
    assert len(stored()) == 11
    assert (run.synced, run.duplicates) == (7, 4)
    assert len(server.calls("messages.get")) - before <= 8


def test_spam_the_bin_and_drafts_are_left_alone(mailbox: Mailbox, box: Box) -> None:
    box.deliver(letter(1), "SPAM")
    box.deliver(letter(2), "TRASH")
    box.create_draft(letter(3))
    synced(mailbox)
    box.deliver(letter(4), "SPAM")
    box.create_draft(letter(5))
    synced(mailbox)
    assert stored() == []


def test_what_is_fetched_out_of_spam_is_read_then(mailbox: Mailbox, box: Box) -> None:
    message_id = box.deliver(letter(1), "SPAM")
    synced(mailbox)
    box.modify(message_id, add=["INBOX"], remove=["SPAM"])
    synced(mailbox)
    assert stored() == [message_id]


def test_the_next_sync_asks_for_what_changed_and_for_nothing_else(
    mailbox: Mailbox, box: Box, server: GmailServer
) -> None:
    fill(box, 5)
    synced(mailbox)
    server.asked.clear()
    (new,) = fill(box, 1, start=9)
    run = synced(mailbox)
    assert stored()[-1] == new
    assert [asked.call for asked in server.asked] == ["history.list", "messages.get", "labels.list"]
    assert (run.found, run.synced) == (1, 1)


@pytest.mark.parametrize("says_labels", [True, False])
def test_labels_read_state_deletions_and_the_bin_are_followed(mailbox: Mailbox, box: Box, says_labels: bool) -> None:
    box.says_labels_in_history = says_labels
    read, filed, gone, binned, kept = fill(box, 5)
    synced(mailbox)
    box.modify(read, remove=["UNREAD"])
    box.modify(read, add=["STARRED"])
    box.modify(filed, add=[box.label("Bills")], remove=["INBOX"])
    box.delete(gone)
    box.modify(binned, add=["TRASH"], remove=["INBOX"])
    run = synced(mailbox)
    found = {copy.provider_id: copy.message for copy in Copy.objects.select_related("message")}
    assert sorted(found[read].flags) == ["flagged", "seen"]
    assert found[filed].labels == ["Bills"]
    assert found[binned].labels == ["TRASH"]
    assert (found[kept].labels, found[kept].flags) == (["INBOX"], [])
    assert Message.objects.get(gone_at__isnull=False).subject == "Letter 2"
    assert (run.changed, run.gone, run.found) == (3, 1, 0)


def test_a_label_that_gets_another_name_is_called_so_once_an_hour_has_passed(
    mailbox: Mailbox, box: Box, server: GmailServer, jobs_clock: FrozenClock
) -> None:
    billed, paid = box.deliver(letter(1), "INBOX", "Bills"), box.deliver(letter(2), "Bills", "Paid")
    synced(mailbox)
    bills, done = box.label("Bills"), box.label("Paid")
    box.labels |= {bills: "Paid", done: "Bills"}  # of both, so that none is taken for the other
    (fresh,) = fill(box, 1, start=9)
    before = len(server.calls("labels.list"))
    synced(mailbox)
    assert len(server.calls("labels.list")) - before == 1  # for the new message, and no more
    jobs_clock.advance(3_601)
    run = synced(mailbox)
    found = {copy.provider_id: sorted(copy.message.labels) for copy in Copy.objects.select_related("message")}
    assert (found[billed], found[paid], found[fresh]) == (["INBOX", "Paid"], ["Bills", "Paid"], ["INBOX"])
    assert run.changed == 2
    synced(mailbox)
    assert len(server.calls("labels.list")) - before == 2


def test_what_happens_during_the_first_sync_is_told_by_its_end(mailbox: Mailbox, box: Box, server: GmailServer) -> None:
    ids = fill(box, 9)

    def meanwhile() -> None:
        box.delete(ids[8])
        box.modify(ids[7], remove=["UNREAD"])
        fill(box, 1, start=20)

    server.fault("messages.get", skip=6, do=meanwhile)
    synced(mailbox)
    assert set(stored()) == set(box.messages)
    assert Message.objects.get(copies__provider_id=ids[7]).flags == ["seen"]
    assert Message.objects.filter(gone_at__isnull=False).count() <= 1


def test_a_message_that_is_deleted_between_list_and_get_is_passed_over(
    mailbox: Mailbox, box: Box, server: GmailServer
) -> None:
    ids = fill(box, 9)
    server.fault("messages.get", do=lambda: box.delete(ids[0]))
    run = synced(mailbox)
    assert set(stored()) == set(ids[1:])
    assert run.synced == 8


def test_the_same_message_in_two_pages_is_stored_once(mailbox: Mailbox, box: Box) -> None:
    box.doubles_ids = True
    ids = fill(box, 11)
    run = synced(mailbox)
    assert sorted(stored()) == ids
    assert run.synced == 11


@pytest.mark.parametrize("fault", [{"status": 500}, {"cut": True}, {"status": 403, "reason": "domainPolicy"}], ids=str)
def test_when_page_3_of_5_fails_the_next_attempt_goes_on_there(
    mailbox: Mailbox, box: Box, server: GmailServer, fault: dict[str, Any]
) -> None:
    ids = fill(box, 18)
    job = services.sync_mailbox(mailbox)
    SyncRun.objects.update(total=18, started_at=job.created_at)  # so that only the reading lists
    broken = server.fault("messages.list", **fault, skip=2, times=3)
    with pytest.raises(Exception, match="Gmail"):
        sync.run(job.pk)
    assert 5 <= len(stored()) <= 8
    mailbox.refresh_from_db()
    assert mailbox.position is None
    broken.times = 0
    before = len(server.calls("messages.get"))
    sync.run(job.pk)
    assert sorted(stored()) == ids
    assert len(server.calls("messages.get")) - before <= 18 - 5
    assert sorted(stored()) == ids


def test_a_cut_at_any_call_loses_nothing_doubles_nothing_and_leaves_no_cursor_ahead(
    mailbox: Mailbox, box: Box, server: GmailServer
) -> None:
    """One call after the other is the one at which the sync dies; each time it goes on where it was."""
    fill(box, 10)
    synced(mailbox)
    fill(box, 10, start=10)
    first, *_, last = list(box.messages)
    box.delete(first)
    box.modify(last, remove=["UNREAD"])
    job = services.sync_mailbox(mailbox)
    failures = 0
    while True:
        server.faults = [fault := server.fault(status=500, skip=failures % 12, times=1000)]
        mailbox.refresh_from_db()
        assert _is_stored_up_to(mailbox, box)
        try:
            sync.run(job.pk)
            break
        except Temporary:
            failures += 1
        assert failures < 60
        fault.times = 0
    assert failures > 5
    assert sorted(stored()) == sorted(box.messages)
    assert Message.objects.filter(gone_at__isnull=True).count() == 19
    assert Message.objects.get(copies__provider_id=last).flags == ["seen"]


def _is_stored_up_to(mailbox: Mailbox, box: Box) -> bool:
    """Whether everything that arrived before the mailbox's own position is stored."""
    assert mailbox.position
    arrived = {r.message for r in box.records if r.kind == "messagesAdded" and r.id <= int(mailbox.position["history"])}
    return arrived & set(box.messages) <= set(stored())


def test_history_that_was_forgotten_leads_to_the_list_and_to_no_second_copy(
    mailbox: Mailbox, box: Box, server: GmailServer
) -> None:
    read, gone, binned, filed, *_ = fill(box, 9)
    synced(mailbox)
    box.modify(read, remove=["UNREAD"])
    box.delete(gone)
    box.modify(binned, add=["TRASH"], remove=["INBOX"])
    box.modify(filed, add=[box.label("Bills")])
    fill(box, 3, start=20)
    box.forget_history()
    before = len(server.calls("messages.get"))
    run = synced(mailbox)
    assert Message.objects.count() == 12
    assert len(server.calls("messages.get")) - before == 3 + 2  # the new ones, and what no list has any more
    found = {copy.provider_id: copy.message for copy in Copy.objects.select_related("message")}
    assert set(found) == set(box.messages)
    assert found[read].flags == ["seen"]
    assert found[binned].labels == ["TRASH"]
    assert found[filed].labels == ["Bills", "INBOX"]
    assert (run.synced, run.gone) == (3, 1)
    fill(box, 1, start=30)
    server.asked.clear()
    synced(mailbox)
    assert [asked.call for asked in server.asked] == ["history.list", "messages.get", "labels.list"]


def test_comparing_goes_on_where_it_was_cut(mailbox: Mailbox, box: Box, server: GmailServer) -> None:
    ids = fill(box, 9)
    synced(mailbox)
    for message_id in ids:
        box.modify(message_id, add=["TRASH"])
    box.forget_history()
    job = services.sync_mailbox(mailbox)
    broken = server.fault("messages.get", status=500, skip=7, times=1000)
    with pytest.raises(Temporary):
        sync.run(job.pk)
    broken.times = 0
    before = len(server.calls("messages.get"))
    sync.run(job.pk)
    assert len(server.calls("messages.get")) - before <= 4
    assert {tuple(labels) for labels in Message.objects.values_list("labels", flat=True)} == {("INBOX", "TRASH")}


@pytest.mark.parametrize("call", ["messages.list", "history.list"])
def test_a_page_token_that_is_too_old_begins_that_list_again(
    mailbox: Mailbox, box: Box, server: GmailServer, call: str
) -> None:
    if call == "history.list":
        synced(mailbox)
    ids = fill(box, 11)
    job = services.sync_mailbox(mailbox)
    SyncRun.objects.update(total=11, started_at=job.created_at)
    broken = server.fault(call, status=500, skip=2, times=3)
    with pytest.raises(Temporary):
        sync.run(job.pk)
    broken.times = 0
    server.fault(call, status=400, reason="invalidArgument")
    sync.run(job.pk)
    assert sorted(stored()) == ids


def test_a_token_that_ends_is_renewed_in_the_middle(mailbox: Mailbox, box: Box, server: GmailServer) -> None:
    ids = fill(box, 20)
    server.fault("messages.get", do=lambda: server.end_tokens(ADDRESS), skip=9)
    synced(mailbox)
    assert sorted(stored()) == ids
    assert server.refreshed == [ADDRESS]


def test_an_account_that_was_revoked_waits_for_its_owner_and_then_goes_on(
    mailbox: Mailbox, box: Box, server: GmailServer
) -> None:
    fill(box, 3)
    server.revoke(ADDRESS)
    job = services.sync_mailbox(mailbox)
    testing.run_job(job)
    mailbox.account.refresh_from_db()
    assert mailbox.account.state == "needs_reauth"
    job.refresh_from_db()
    assert (job.status, job.failures) == (JobStatus.PENDING, 0)


@pytest.mark.parametrize("fault", [{"status": 403, "reason": "userRateLimitExceeded"}, {"status": 429}], ids=str)
def test_too_fast_costs_no_attempt_and_loses_nothing(
    mailbox: Mailbox, box: Box, server: GmailServer, fault: dict[str, Any]
) -> None:
    ids = fill(box, 9)
    server.fault("messages.get", **fault, retry_after="0", skip=3)
    job = services.sync_mailbox(mailbox)
    testing.run_job(job)
    assert (job.status, job.failures) == (JobStatus.COMPLETED, 0)
    assert sorted(stored()) == ids


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("call", ["messages.list", "messages.get", "history.list"])
def test_two_refusals_in_a_row_are_waited_for(
    mailbox: Mailbox, box: Box, server: GmailServer, jobs_clock: FrozenClock, call: str, status: int
) -> None:
    ids = fill(box, 9)
    refused = server.fault(call, status=status, reason="userRateLimitExceeded", retry_after="30", times=2)
    job = services.sync_mailbox(mailbox)
    for _ in range(5):
        if testing.run_job(job).status == JobStatus.COMPLETED:
            break
        jobs_clock.advance(60)
    assert (job.status, job.failures, refused.met >= 3) == (JobStatus.COMPLETED, 0, True)
    assert sorted(stored()) == ids


def test_mail_that_is_made_to_cost_is_stored_and_stops_no_sync(mailbox: Mailbox, box: Box) -> None:
    for bomb in bombs().values():
        box.deliver(bomb)
    (letter_id,) = fill(box, 1)
    synced(mailbox)
    assert len(stored()) == len(bombs()) + 1
    assert letter_id in stored()


@pytest.mark.only_on("sqlite")
def test_mail_that_is_made_to_cost_costs_little(mailbox: Mailbox, box: Box) -> None:
    """To follow each allocation takes ten times as long as the sync, and is about no database."""
    for bomb in bombs().values():
        box.deliver(bomb)
    assert costs_little(lambda: synced(mailbox))


def test_a_permission_that_is_missing_is_no_matter_of_haste(mailbox: Mailbox, box: Box, server: GmailServer) -> None:
    fill(box, 1)
    server.fault("getProfile", status=403, reason="insufficientPermissions", times=9)
    job = services.sync_mailbox(mailbox)
    assert testing.run_job(job).status == JobStatus.FAILED
    assert "Connect the account again" in job.error


def test_a_request_while_a_sync_runs_makes_one_more_after_it(mailbox: Mailbox, box: Box, server: GmailServer) -> None:
    fill(box, 3)
    job = services.sync_mailbox(mailbox)
    assert services.sync_mailbox(mailbox).pk == job.pk

    server.fault("history.list", after_commit=True, do=lambda: fill(box, 1, start=9))
    run = SyncRun.objects.get(job_id=job.pk)
    with closing(sync._open(run)) as source:
        sync._start(run, source)
    for _ in range(5):
        assert services.sync_mailbox(mailbox, sync_type="push").pk == job.pk
    sync.run(job.pk)
    second = SyncRun.objects.get(finished_at=None)
    sync.run(second.job_id)
    assert len(stored()) == 4
    assert not SyncRun.objects.filter(finished_at=None).exists()


def test_a_request_before_a_sync_begins_is_that_sync(mailbox: Mailbox) -> None:
    job = services.sync_mailbox(mailbox)
    services.sync_mailbox(mailbox)
    sync.run(job.pk)
    assert SyncRun.objects.count() == 1


def test_each_mailbox_is_read_with_its_own_token(
    mailbox: Mailbox, box: Box, server: GmailServer, stranger: User
) -> None:
    other = server.account("other@elsewhere.example")
    theirs = connected(stranger, "other@elsewhere.example")
    fill(box, 3)
    other.deliver(letter(7))
    for one in (mailbox, theirs):
        synced(one)
    assert Message.objects.filter(mailbox=theirs).count() == 1
    assert {(asked.token, asked.address) for asked in server.asked} == {
        (f"access-{address}", address) for address in (ADDRESS, "other@elsewhere.example")
    }


def test_the_command_takes_days_and_a_limit(mailbox: Mailbox, box: Box) -> None:
    fill(box, 5)
    call_command("sync_mailbox", str(mailbox.pk), "--days", "7", "--limit", "2")
    run = SyncRun.objects.get()
    assert (run.window_days, run.max_messages) == (7, 2)
    sync.run(run.job_id)
    assert len(stored()) == 2
    with pytest.raises(CommandError):
        call_command("sync_mailbox", str(mailbox.pk), "--days", "0")


def test_other_limits_have_to_wait_for_the_sync_that_is_under_way(mailbox: Mailbox, box: Box) -> None:
    job = services.sync_mailbox(mailbox)
    assert services.sync_mailbox(mailbox, window_days=7).pk == job.pk
    run = SyncRun.objects.get()
    assert (run.window_days, run.full) == (7, True)
    with closing(sync._open(run)) as source:
        sync._start(run, source)
    with pytest.raises(WrongState, match="under way"):
        services.sync_mailbox(mailbox, max_messages=5)
