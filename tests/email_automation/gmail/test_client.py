"""The calls of Gmail: what they ask, what their answers become, and what is asked again after which failure."""

from collections.abc import Callable
from concurrent.futures import Future
from hashlib import sha256
from itertools import islice

import pytest

from email_automation.gmail import (
    BadRequest,
    Client,
    HistoryExpired,
    InsufficientPermission,
    NeedsReauth,
    NotFound,
    RateLimited,
    Temporary,
    Unauthorized,
    client,
    transport,
)
from email_automation.gmail.answers import Content
from jobs.errors import Fail, Snooze
from tests.email_automation.gmail.conftest import ADDRESS, NoLimit, credentials
from tests.email_automation.mailboxes.letters import letter
from tests.servers.gmail import Box, GmailServer

OUTGOING = b"To: ada@fikiri.example\n" + letter(1)
LARGE = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: large\r\n\r\n" + b"0123456789abcde\n" * 250_000


def test_the_profile_says_whose_mail_it_is_and_how_far_its_history_goes(gmail: Client, box: Box) -> None:
    box.deliver(letter(1))
    profile = gmail.profile()
    assert (profile.address, profile.history_id, profile.messages) == (ADDRESS, box.history_id, 1)


def test_ids_come_newest_first_and_page_by_page(gmail: Client, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    delivered = [box.deliver(letter(number)) for number in range(3)]
    first = gmail.ids()
    second = gmail.ids(page=first.following)
    assert [*first.ids, *second.ids] == delivered[::-1]
    assert second.following == ""


def test_ids_can_be_those_of_a_label_or_of_a_search(gmail: Client, box: Box) -> None:
    old = box.deliver(letter(1), date=1)
    billed = box.deliver(letter(2), "INBOX", "Bills")
    assert gmail.ids("newer_than:7d").ids == (billed,)
    assert gmail.ids(label=box.label("Bills")).ids == (billed,)
    assert gmail.ids("-in:inbox").ids == ()
    assert old in gmail.ids().ids


def test_a_message_comes_as_it_was_mailed(gmail: Client, box: Box) -> None:
    raw = letter(1)
    message_id = box.deliver(raw, "INBOX", "Bills", thread="t1")
    content = gmail.content(message_id)
    assert (content.raw, content.size, content.digest) == (raw, len(raw), sha256(raw).hexdigest())
    assert (content.thread, set(content.labels)) == ("t1", {"INBOX", "UNREAD", box.label("Bills")})


def test_messages_come_in_the_order_of_their_ids_and_the_missing_say_so(gmail: Client, box: Box) -> None:
    ids = [box.deliver(letter(number)) for number in range(30)]
    box.delete(ids[3])
    found = list(gmail.contents(ids))
    assert isinstance(found.pop(3), NotFound)
    assert [one.id for one in found if isinstance(one, Content)] == ids[:3] + ids[4:]


def test_headers_and_labels_can_be_had_without_the_message(gmail: Client, box: Box) -> None:
    message_id = box.deliver(letter(1), "INBOX", unread=False)
    message = gmail.message(message_id, headers=["Subject", "Message-ID"])
    assert message.header("subject")
    assert message.header("message-id")
    assert message.header("to") == ""
    assert gmail.message(message_id).labels == frozenset({"INBOX"})


def test_history_tells_what_came_what_went_and_which_labels_changed(gmail: Client, box: Box) -> None:
    start = box.history_id
    first, second = box.deliver(letter(1)), box.deliver(letter(2))
    box.modify(first, add=["STARRED"], remove=["UNREAD"])
    box.delete(second)
    history = gmail.history(start)
    assert [change.message.id for change in history.changes if change.added] == [first, second]
    assert [change.message.id for change in history.changes if change.deleted] == [second]
    assert [set(change.labels_added) for change in history.changes if change.labels_added] == [{"STARRED"}]
    assert [set(change.labels_removed) for change in history.changes if change.labels_removed] == [{"UNREAD"}]
    assert (history.history_id, history.following) == (box.history_id, "")


def test_history_that_is_forgotten_is_told_apart_from_a_missing_message(gmail: Client, box: Box) -> None:
    start = box.history_id
    box.forget_history()
    with pytest.raises(HistoryExpired):
        gmail.history(start)


def test_labels_are_made_listed_and_put_on_messages(gmail: Client, box: Box) -> None:
    label = gmail.create_label("Bills")
    message_id = box.deliver(letter(1))
    assert gmail.modify(message_id, add=[label.id], remove=["UNREAD"]).labels == frozenset({"INBOX", label.id})
    assert {one.name for one in gmail.labels() if not one.is_system} == {"Bills"}
    with pytest.raises(BadRequest):
        gmail.create_label("Bills")


@pytest.mark.parametrize("raw", [OUTGOING, LARGE], ids=["small", "large"])
def test_a_draft_is_made_found_sent_and_then_there_is_none(gmail: Client, box: Box, raw: bytes) -> None:
    draft = gmail.create_draft(raw, thread="t1")
    assert gmail.draft(draft.id).message.thread == "t1"
    (held,) = box.messages.values()
    assert held.raw == raw
    sent = gmail.send_draft(draft.id)
    assert sent.labels == frozenset({"SENT"})
    with pytest.raises(NotFound):
        gmail.send_draft(draft.id)
    assert len(box.sent) == 1


def test_a_draft_can_be_thrown_away(gmail: Client, box: Box) -> None:
    draft = gmail.create_draft(OUTGOING)
    gmail.delete_draft(draft.id)
    assert (box.drafts, box.messages) == ({}, {})


def test_a_mail_can_be_sent_at_once(gmail: Client, box: Box) -> None:
    gmail.send(OUTGOING)
    assert len(box.sent) == 1


def test_news_are_published_for_a_week_until_they_are_stopped(gmail: Client, box: Box) -> None:
    watch = gmail.watch("projects/p/topics/t")
    assert watch.history_id == box.history_id
    assert box.watches == ["projects/p/topics/t"]
    gmail.stop()
    assert box.watches == []
    with pytest.raises(BadRequest):
        gmail.watch("t")


def test_each_call_is_reserved_before_it_is_made(gmail: Client, box: Box, quota: NoLimit) -> None:
    box.deliver(letter(1))
    list(gmail.contents(gmail.ids().ids))
    assert quota.reserved == ["messages.list", "messages.get"]


def test_a_token_that_ended_is_renewed_and_the_call_made_again(gmail: Client, server: GmailServer) -> None:
    server.end_tokens(ADDRESS)
    assert gmail.profile().address == ADDRESS
    assert [asked.status for asked in server.asked] == [401, 200]


def test_a_token_that_ends_among_many_messages_loses_none(gmail: Client, server: GmailServer, box: Box) -> None:
    ids = [box.deliver(letter(number)) for number in range(40)]
    server.fault("messages.get", do=lambda: server.end_tokens(ADDRESS), skip=7)
    assert [one.id for one in gmail.contents(ids) if isinstance(one, Content)] == ids


def test_a_sending_that_was_not_heard_is_said_again_with_a_new_token(
    gmail: Client, server: GmailServer, box: Box
) -> None:
    server.end_tokens(ADDRESS)
    gmail.send(OUTGOING)
    assert len(box.sent) == 1


def test_an_account_that_was_revoked_has_to_be_connected_again(gmail: Client, server: GmailServer) -> None:
    server.revoke(ADDRESS)
    with pytest.raises(NeedsReauth, match="Connect it again"):
        gmail.profile()


def test_a_token_that_is_refused_though_it_is_new_is_not_renewed_for_ever(gmail: Client, server: GmailServer) -> None:
    server.fault("getProfile", status=401, reason="authError", times=9)
    with pytest.raises(Unauthorized):
        gmail.profile()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "rateLimitExceeded"), (403, "userRateLimitExceeded"), (429, "rateLimitExceeded"), (403, "quotaExceeded")],
)
def test_a_read_that_came_too_fast_teaches_the_quota_and_is_asked_again(
    gmail: Client, server: GmailServer, quota: NoLimit, status: int, reason: str
) -> None:
    server.fault("getProfile", status=status, reason=reason, retry_after="7")
    assert gmail.profile().address == ADDRESS
    assert quota.refusals == [(7.0, reason)]
    assert quota.reserved == ["getProfile", "getProfile"]


def test_a_refusal_counts_before_the_next_message_is_asked_for(
    gmail: Client, server: GmailServer, box: Box, quota: NoLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose turn is far: the first message of the line is not looked at before the line is full."""
    monkeypatch.setattr(client, "ThreadPoolExecutor", AtOnce)
    delivered = [box.deliver(letter(number)) for number in range(6)]
    server.fault("messages.get", status=429, reason="rateLimitExceeded")
    heard: list[int] = []
    monkeypatch.setattr(quota, "learned", lambda _: heard.append(len(quota.reserved)))
    contents = list(gmail.contents(delivered))
    assert heard == [2]  # the first was refused: so the second, reserved already, is reserved anew
    assert len(quota.reserved) == len(delivered) + 2
    assert [content.raw for content in contents if isinstance(content, Content)] == [letter(n) for n in range(6)]


class AtOnce:
    """Threads that are quicker than who asks them."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def submit(self, work: Callable[..., Content], *args: object) -> Future[Content]:
        done: Future[Content] = Future()
        try:
            done.set_result(work(*args))
        except RateLimited as refusal:
            done.set_exception(refusal)
        return done

    def shutdown(self, *, cancel_futures: bool) -> None: ...


def test_a_sending_that_came_too_fast_is_left_to_its_caller_to_repeat(gmail: Client, server: GmailServer) -> None:
    server.fault("messages.send", status=429, reason="rateLimitExceeded", retry_after="30")
    with pytest.raises(RateLimited) as raised:
        gmail.send(OUTGOING)
    assert isinstance(raised.value, Snooze)
    assert raised.value.seconds == 30


def test_a_wait_that_is_told_in_words_is_understood(gmail: Client, server: GmailServer) -> None:
    server.fault(
        "messages.send",
        status=429,
        reason="x",
        message="User-rate limit exceeded.  Retry after 2026-01-01T00:00:00.123Z",
    )
    with pytest.raises(RateLimited) as raised:
        gmail.send(OUTGOING)
    assert raised.value.seconds == 0


def test_what_is_used_up_for_today_is_not_asked_for_every_few_seconds(gmail: Client, server: GmailServer) -> None:
    server.fault("messages.send", status=403, reason="dailyLimitExceeded")
    with pytest.raises(RateLimited) as raised:
        gmail.send(OUTGOING)
    assert raised.value.seconds == 3600


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("insufficientPermissions", "every box"),
        ("accessNotConfigured", "Switch the Gmail API on"),
        ("domainPolicy", "administrator"),
    ],
)
def test_what_is_not_allowed_is_permanent_and_names_the_remedy(
    gmail: Client, server: GmailServer, quota: NoLimit, reason: str, remedy: str
) -> None:
    server.fault("getProfile", status=403, reason=reason)
    with pytest.raises(InsufficientPermission, match=remedy) as raised:
        gmail.profile()
    assert isinstance(raised.value, Fail)
    assert quota.refusals == []


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503},
        {"cut": True},
        {"half": True},
        {"garbage": b"<html>"},
        {"garbage": b"[]"},
        {"garbage": b'{"historyId": "1"}'},
        {"garbage": b'{"emailAddress": "a", "historyId": "x"}'},
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_asked_for_again_and_then_given_up(
    gmail: Client, server: GmailServer, fault: dict[str, object]
) -> None:
    server.fault("getProfile", **fault, times=5)
    with pytest.raises(Temporary):
        gmail.profile()
    assert len(server.calls("getProfile")) == 3
    assert gmail.profile().address == ADDRESS
    assert len(server.calls("getProfile")) == 6


def test_what_fails_among_many_messages_is_fetched_again(gmail: Client, server: GmailServer, box: Box) -> None:
    ids = [box.deliver(letter(number)) for number in range(30)]
    server.fault("messages.get", status=503, skip=3, times=2)
    server.fault("messages.get", cut=True, skip=9)
    server.fault("messages.get", half=True, skip=14)
    server.fault("messages.get", status=403, reason="rateLimitExceeded", skip=20)
    assert [one.id for one in gmail.contents(ids) if isinstance(one, Content)] == ids


@pytest.mark.parametrize("fault", [{"status": 504}, {"cut": True}], ids=str)
def test_a_sending_without_an_answer_is_made_once_and_called_unclear(
    gmail: Client, server: GmailServer, box: Box, fault: dict[str, object]
) -> None:
    draft = gmail.create_draft(OUTGOING)
    server.fault("drafts.send", **fault, after_commit=True)
    with pytest.raises(Temporary) as raised:
        gmail.send_draft(draft.id)
    assert raised.value.perhaps_done
    assert len(server.calls("drafts.send")) == len(box.sent) == 1


def test_a_sending_that_never_left_is_called_not_done(server: GmailServer, box: Box, quota: NoLimit) -> None:
    with Client(credentials(server), quota, "http://127.0.0.1:9") as nobody, pytest.raises(Temporary) as raised:
        nobody.send(OUTGOING)
    assert not raised.value.perhaps_done


def test_an_answer_that_never_ends_is_given_up(
    gmail: Client, server: GmailServer, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = box.deliver(LARGE)
    monkeypatch.setattr(client, "_seconds", lambda call: 0.0)
    with pytest.raises(Temporary, match="in time"):
        gmail.content(message_id)


def test_an_answer_that_is_too_large_is_refused(gmail: Client, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "BIG", 1_000_000)
    monkeypatch.setattr(transport, "MOST", 2_000_000)
    with pytest.raises(BadRequest, match="larger"):
        gmail.content(box.deliver(LARGE))


def test_an_empty_id_is_not_asked_for(gmail: Client, server: GmailServer) -> None:
    with pytest.raises(BadRequest):
        gmail.content("")
    assert server.asked == []


def test_many_messages_stop_when_the_quota_says_later_and_what_was_fetched_is_not_lost(
    gmail: Client, box: Box, quota: NoLimit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [box.deliver(letter(number)) for number in range(9)]

    def reserve(call: str) -> None:
        quota.reserved.append(call)
        if len(quota.reserved) > 5:
            raise Snooze(60)

    monkeypatch.setattr(quota, "reserve", reserve)
    contents = gmail.contents(ids)
    assert len(list(islice(contents, 5))) == 5
    with pytest.raises(Snooze):
        next(contents)
