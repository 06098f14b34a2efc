"""What the database itself refuses to hold."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from email_automation.models import (
    AutomationSetting,
    Classification,
    KillSwitch,
    Mailbox,
    Message,
    OutgoingMail,
    SyncRun,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(user: User) -> Mailbox:
    return Mailbox.objects.create(user=user, kind="mbox", name="inbox", location="/mail/inbox")


@pytest.fixture
def message(mailbox: Mailbox) -> Message:
    return Message.objects.create(mailbox=mailbox, digest="a", size=1, thread_key="t")


def refused(write: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return True
    return False


def test_a_mailbox_is_there_once_for_its_user(mailbox: Mailbox, stranger: User) -> None:
    again = {"kind": "mbox", "name": "again", "location": mailbox.location}
    assert refused(lambda: Mailbox.objects.create(user=mailbox.user, **again))
    assert not refused(lambda: Mailbox.objects.create(user=stranger, **again))


def test_a_mailbox_has_one_open_sync(mailbox: Mailbox) -> None:
    first = SyncRun.objects.create(mailbox=mailbox)
    assert refused(lambda: SyncRun.objects.create(mailbox=mailbox))
    SyncRun.objects.filter(pk=first.pk).update(finished_at=timezone.now())
    assert not refused(lambda: SyncRun.objects.create(mailbox=mailbox))


def test_the_counts_of_a_sync_add_up(mailbox: Mailbox) -> None:
    assert refused(lambda: SyncRun.objects.create(mailbox=mailbox, found=2, synced=1))


def test_the_same_message_is_stored_once_in_a_mailbox(message: Message) -> None:
    assert refused(lambda: Message.objects.create(mailbox=message.mailbox, digest="a", size=1, thread_key="t"))


def test_an_unreadable_message_is_never_classified(message: Message) -> None:
    message.unreadable_reason, message.classified_at = "empty", timezone.now()
    assert refused(message.save)


def classification(message: Message, **changes: Any) -> Classification:
    said = {"intent": "other", "urgency": "low", "sentiment": "neutral", "suggested_action": "ignore"}
    flags = {"is_spam": False, "is_automatic": False, "needs_review": False, "confidence": 0.5, "prompt_hash": "h"}
    return Classification.objects.create(message=message, **{**said, **flags, **changes})


def test_a_message_has_one_current_classification(message: Message) -> None:
    classification(message)
    assert refused(lambda: classification(message))
    assert not refused(lambda: classification(message, is_current=False))


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_confidence_is_a_probability(message: Message, confidence: float) -> None:
    assert refused(lambda: classification(message, confidence=confidence))


def test_sent_mail_has_a_time_and_a_draft_no_job(user: User) -> None:
    assert refused(lambda: OutgoingMail.objects.create(user=user, to=[], subject="s", body="b", status="sent"))
    assert refused(lambda: OutgoingMail.objects.create(user=user, to=[], subject="s", body="b", job_id="0" * 32))


def test_a_message_has_one_open_draft(message: Message) -> None:
    draft = {"to": [], "subject": "s", "body": "b", "answers": message}
    OutgoingMail.objects.create(**draft)
    assert refused(lambda: OutgoingMail.objects.create(**draft))
    assert not refused(lambda: OutgoingMail.objects.create(**draft, status="skipped"))


def test_there_is_one_kill_switch() -> None:
    assert refused(lambda: KillSwitch.objects.create(pk=2))


def test_a_rules_confidence_is_a_probability(user: User) -> None:
    assert refused(lambda: AutomationSetting.objects.create(user=user, release_confidence=2))
