"""Words of messages are looked up in an index, on either database, which is kept up with what is stored."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection

from email_automation.models import Mailbox, Message
from email_automation.reading import searching

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(user: User) -> Mailbox:
    return Mailbox.objects.create(user=user, kind="mbox", name="Inbox", location="/srv/mail.mbox")


def stored(mailbox: Mailbox, subject: str, text: str = "") -> Message:
    digest = uuid.uuid4().hex
    return Message.objects.create(mailbox=mailbox, digest=digest, size=1, thread_key=digest, subject=subject, text=text)


def found(words: str) -> list[str]:
    return list(searching.search(Message.objects.order_by("pk"), words).values_list("subject", flat=True))


@pytest.mark.parametrize(
    ("words", "subjects"),
    [
        ("pounds", ["Invoice"]),
        ("POUNDS", ["Invoice"]),
        ("invoice", ["Invoice"]),
        ("invoice pounds", ["Invoice"]),
        ('"pounds two"', ["Invoice"]),  # both words, in any order
        ("pound", []),  # a word, not a part of one
        ("café", ["Coffee"]),
        ("x-ray", ["Coffee"]),
        ("nowhere", []),
        ("-pounds", ["Coffee"]),
        ("pounds subject:coffee", []),
    ],
)
def test_words_are_found_as_a_whole_in_subject_and_text(mailbox: Mailbox, words: str, subjects: list[str]) -> None:
    stored(mailbox, "Invoice", "It comes to two pounds.")
    stored(mailbox, "Coffee", "At the café, after the x-ray.")
    assert found(words) == subjects


@pytest.mark.parametrize("words", ["OR", "NOT", "pounds*", "NEAR(two", "^two", "%", "---", "(", "'", "💷"])
def test_what_means_something_to_a_database_is_a_word_like_any_other(mailbox: Mailbox, words: str) -> None:
    stored(mailbox, "Invoice", "It comes to two pounds or so.")
    assert found(words) in ([], ["Invoice"])


def test_the_index_follows_what_becomes_of_a_message(mailbox: Mailbox) -> None:
    changed, gone = stored(mailbox, "First", "chairs"), stored(mailbox, "Second", "chairs")
    Message.objects.filter(pk=changed.pk).update(text="tables", intent="other")
    Message.objects.filter(pk=gone.pk).delete()
    assert (found("chairs"), found("tables")) == ([], ["First"])
    Message.objects.bulk_create(
        [Message(mailbox=mailbox, digest=changed.digest, size=1, thread_key="again", text="sofas")],
        ignore_conflicts=True,
    )
    assert found("sofas") == []


@pytest.mark.only_on("sqlite")
def test_messages_are_not_read_to_find_a_word() -> None:
    plan = searching.search(Message.objects.order_by("-pk"), "chairs").values("pk")[:50].explain()
    assert "message_words VIRTUAL TABLE" in plan
    assert "SCAN email_automation_message" not in plan


@pytest.mark.only_on("sqlite")
def test_the_index_is_sound(mailbox: Mailbox) -> None:
    """It says itself whether it has what the table of messages has."""
    for number in range(3):
        stored(mailbox, f"Order {number}", "chairs")
    Message.objects.filter(subject="Order 1").delete()
    Message.objects.filter(subject="Order 2").update(subject="Order 3")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO message_words (message_words, rank) VALUES ('integrity-check', 1)")
