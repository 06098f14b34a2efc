"""Whatever happens to a message on its way, it is read or said to be unreadable, soon and in little memory."""

import random
import time
import tracemalloc
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_automation.mailboxes import open_mailbox
from email_automation.models import Message
from email_automation.parsing import ParsedMessage, parse
from email_automation.sample import MBOX
from tests.email_automation.parsing.fuzz import TRIPWIRES, check, damaged

pytestmark = pytest.mark.long

MAILS = [message.raw for message in open_mailbox(MBOX).messages()]
HEADERS = ("From", "To", "Cc", "Subject", "Date", "Message-ID", "References", "Content-Type", "Reply-To")
LIMIT = 5.0  # seconds of work for the worst of messages


@pytest.mark.parametrize("seed", range(8))
def test_damaged_mail_is_read_as_far_as_it_goes(seed: int) -> None:
    chance = random.Random(seed)
    read = sum(isinstance(check(damaged(mail, MAILS, chance)), ParsedMessage) for mail in MAILS)
    assert read > len(MAILS) // 2


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
def test_so_are_any_bytes(raw: bytes) -> None:
    check(raw)


pieces = st.lists(st.sampled_from(TRIPWIRES) | st.text(max_size=30).map(str.encode), max_size=12).map(b"".join)


@given(st.lists(st.tuples(st.sampled_from(HEADERS), pieces), max_size=8), pieces)
@settings(max_examples=300, deadline=None)
def test_so_are_headers_of_anything(headers: list[tuple[str, bytes]], body: bytes) -> None:
    check(b"From: a@b.example\n" + b"".join(name.encode() + b": " + value + b"\n" for name, value in headers) + body)


words = st.text(st.characters(categories=("L", "N"), codec="utf-8"), min_size=1, max_size=20)


@given(st.lists(words, min_size=1, max_size=5).map(" ".join), st.lists(words, min_size=1, max_size=30).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_what_is_written_well_is_read_as_it_was_written(subject: str, text: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Ann <ann@a.example>", subject
    mail.set_content(text)
    raw = mail.as_bytes()
    folded = message_from_bytes(raw, policy=default)["Subject"]  # its writer may lose a space where it folds
    found = check(raw)
    assert isinstance(found, ParsedMessage)
    assert (found.subject, found.text, found.from_address) == (folded, text, "ann@a.example")


BOMBS = {
    "nested-1000": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000)),
    "rfc822-1000": b"Content-Type: message/rfc822\n\n" * 1000,
    "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
    "base64-50MB": b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + b"QUFB\n" * 10_000_000,
    "attachment-50MB": b'Content-Type: application/zip; name="../../x"\nContent-Transfer-Encoding: base64\n\n'
    + b"UEsD\n" * 10_000_000,
    "one-header": b"Subject: " + b"x" * 5_000_000 + b"\n\n",
    "headers": b"X: y\n" * 500_000 + b"\n",
    "folds": b"Subject:" + b"\n x" * 500_000 + b"\n\n",
    "encoded-words": b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\n",
    "addresses": b"To: " + b"a@b.example, " * 300_000 + b"\n\n",
    "comments": b"To: " + b"(" * 60_000 + b"a@b.example\n\n",
    "references": b"References: " + b"<a@b> " * 300_000 + b"\n\n",
    "html": b"Content-Type: text/html\n\n" + b"<table><tr><td>" * 200_000,
    "quotes": b"Content-Type: text/plain\n\n" + b">" * 2_000_000 + b"\n> x" * 200_000,
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_bomb_costs_little_time_and_memory(name: str) -> None:
    raw = b"From: a@b.example\n" + BOMBS[name]
    tracemalloc.start()
    began = time.process_time()
    check(raw[:5_000_000])  # what is kept of any message
    assert time.process_time() - began < 4 * LIMIT  # tracemalloc itself takes most of it
    assert tracemalloc.get_traced_memory()[1] < 120_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "written", ["../../x", "..\\..\\x", "/etc/passwd", "C:\\Windows\\x", "....//x", "x/../../y", "\0x", "a\r\nb"]
)
def test_the_name_of_an_attachment_is_no_path(written: str) -> None:
    raw = f'From: a@b.example\nContent-Disposition: attachment; filename="{written}"\n\nx\n'.encode()
    found = parse(raw)
    assert isinstance(found, ParsedMessage)
    assert all(not set("/\\\0\r\n") & set(one.name) and not one.name.startswith(".") for one in found.attachments)


@pytest.mark.django_db
def test_no_damaged_message_stops_a_sync(sync: Callable[..., list[Message]]) -> None:
    chance = random.Random(7)
    letters = [b"From: a@b.example\n" + damaged(mail, MAILS, chance) for mail in MAILS[:100]]
    assert len(sync(*letters)) > 90
