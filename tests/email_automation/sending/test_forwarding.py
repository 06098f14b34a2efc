"""A message that is forwarded goes along as it came, and says at its provider that it was."""

import hashlib
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from email_automation import services
from email_automation.mailboxes.base import MAX_RAW
from email_automation.models import MailStatus, Message, OutgoingAttachment, OutgoingMail
from email_automation.reading import timeline
from email_automation.sending import forwarding
from jobs.models import JobStatus
from jobs.testing import run_job
from tests.servers import smtp

pytestmark = pytest.mark.django_db
TO = "colleague@fikiri.example"
PLAIN = (
    b"From: Ann <ann@elsewhere.example>\nTo: shop@fikiri.example\nMessage-ID: <1@elsewhere.example>\n"
    b'Subject: Offer\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n'
    b"--x\n\nSee the list.\n.\nFrom here on.\n--x\nContent-Type: text/csv\n"
    b'Content-Disposition: attachment; filename="prices.csv"\n\na,b\n--x--\n'
)
LATIN = PLAIN.replace(b"See the list.", b"Sch\xf6ne Gr\xfc\xdfe.")


def attached(mail: EmailMessage) -> EmailMessage:
    [part] = mail.iter_attachments()
    assert isinstance(part, EmailMessage)
    return part


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").strip(b"\n")


def test_a_mail_of_plain_letters_is_enclosed_as_a_mail(
    sync: Callable[..., list[Message]], mail_sink: smtp.Server
) -> None:
    [message] = sync(PLAIN)
    assert run_job(services.forward(message, TO, "Yours, I think.")).status == JobStatus.COMPLETED
    [sent] = mail_sink.mails
    part = attached(sent)
    assert (part.get_content_type(), part.get_filename()) == ("message/rfc822", "Offer.eml")
    assert lines(PLAIN) in lines(mail_sink.contents[0].replace(b"\r\n..", b"\r\n."))
    assert body(sent).startswith("Yours, I think.")
    assert "left out" not in body(sent)
    assert "See the list." in body(sent)


def test_one_of_other_bytes_is_a_file_with_each_of_them(
    sync: Callable[..., list[Message]], mail_sink: smtp.Server
) -> None:
    [message] = sync(LATIN)
    run_job(services.forward(message, TO))
    part = attached(mail_sink.mails[0])
    assert (part.get_content_type(), part.get_filename()) == ("application/octet-stream", "Offer.eml")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert hashlib.sha256(content).hexdigest() == message.digest


def test_what_is_too_large_is_told_in_words(sync: Callable[..., list[Message]], mail_sink: smtp.Server) -> None:
    [message] = sync(PLAIN)
    Message.objects.update(size=MAX_RAW + 1)
    message.refresh_from_db()
    run_job(services.forward(message, TO))
    [sent] = mail_sink.mails
    assert list(sent.iter_attachments()) == []
    assert "Attachments left out: prices.csv" in body(sent)


def test_what_lies_there_no_more_is_not_forwarded_without_it(
    sync: Callable[..., list[Message]], mail_sink: smtp.Server
) -> None:
    [message] = sync(PLAIN)
    job = services.forward(message, TO)
    Path(message.mailbox.location).write_bytes(b"From x Thu Jan  1 00:00:00 2026\nSubject: another\n\nmail\n")
    run_job(job)
    job.refresh_from_db()
    mail = OutgoingMail.objects.get()
    assert (job.status, mail.status) == (JobStatus.FAILED, MailStatus.FAILED)
    assert mail.reason == "what it forwards cannot be had: It lies there no more."
    assert mail_sink.taken == []


def test_it_is_fetched_once_however_often_the_sending_is_tried(
    sync: Callable[..., list[Message]], monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = sync(PLAIN)
    services.forward(message, TO)
    mail = OutgoingMail.objects.get()
    forwarding.attach_original(mail)
    monkeypatch.setattr(forwarding, "original", lambda message: pytest.fail("fetched again"))
    forwarding.attach_original(mail)
    assert bytes(OutgoingAttachment.objects.get().content) == PLAIN


def test_the_story_of_a_message_tells_that_it_was_forwarded(
    sync: Callable[..., list[Message]], mail_sink: smtp.Server
) -> None:
    [message] = sync(PLAIN)
    run_job(services.forward(message, TO))
    texts = [step.text for step in timeline.of(message)]
    assert f"it, forwarded, to {TO}" in texts
    assert texts[-1] == "sent"
    assert timeline.start_of(OutgoingMail.objects.get()) == message


def test_a_name_of_strange_letters_is_a_name_of_a_file(sync: Callable[..., list[Message]]) -> None:
    [message] = sync(PLAIN.replace(b"Offer", b"=?utf-8?q?=2E=2E/=2E=2E/etc=0D=0ABcc=3A_x=22=3B_B=C3=BCro?="))
    services.forward(message, TO)
    assert OutgoingAttachment.objects.get().name == "etc Bcc x Büro.eml"
