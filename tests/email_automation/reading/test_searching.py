"""Words of messages are looked up in an index, on either database, which is kept up with what is stored."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

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
    return list(searching.look(Message.objects.order_by("pk"), words)[0].values_list("subject", flat=True))


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


def test_page_after_page_all_that_a_search_fits_are_found_though_each_look_is_short(
    mailbox: Mailbox, user: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "DEPTH", 2)
    for subject in ("first order", "tea", "second order", "third order", "coffee", "cake"):
        stored(mailbox, subject)
    client.force_login(user)
    pages, before = [], ""
    while True:
        data = client.get(f"/api/messages?q=subject:order{before}").json()["data"]
        pages.append([message["subject"] for message in data["messages"]])
        if data["next"] is None:
            break
        before = f"&before={data['next']}"
    assert pages == [[], ["third order", "second order"], ["first order"]]


def test_a_word_is_found_in_one_look_however_old_it_is(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "DEPTH", 2)
    for subject in ("first order", "tea", "coffee", "cake"):
        stored(mailbox, subject)
    assert (found("order"), found("subject:order"), found("-coffee subject:order")) == (["first order"], [], [])


@pytest.mark.only_on("sqlite")
def test_messages_are_not_read_to_find_a_word() -> None:
    plan = searching.look(Message.objects.order_by("-pk"), "chairs")[0].values("pk")[:50].explain()
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
