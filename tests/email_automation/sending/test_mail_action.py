"""A message is forwarded and answered in a terminal, as in the admin and over REST."""

import io
import uuid
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from email_automation.models import Message, OutgoingMail
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.servers.smtp import Server

pytestmark = pytest.mark.django_db
LETTER = b"From: Ann <ann@elsewhere.example>\nMessage-ID: <1@elsewhere.example>\nSubject: Offer\n\nSee below.\n"


def call(*arguments: object) -> Job:
    out = io.StringIO()
    call_command("mail_action", *map(str, arguments), stdout=out)
    return Job.objects.get(pk=uuid.UUID(out.getvalue().strip()))


@pytest.fixture
def message(sync: Callable[..., list[Message]]) -> Message:
    return sync(LETTER)[0]


def test_a_message_is_forwarded_with_a_note(message: Message, mail_sink: Server) -> None:
    job = call(message.pk, "forward", "colleague@fikiri.example", "--text=Yours, I think.")
    assert run_job(job).status == JobStatus.COMPLETED
    [mail] = mail_sink.mails
    assert (mail["To"], mail["Subject"]) == ("colleague@fikiri.example", "Fwd: Offer")
    assert OutgoingMail.objects.get().body.startswith("Yours, I think.\n\n---------- Forwarded message")


@pytest.mark.parametrize("typed", [True, False])
def test_a_message_is_answered(
    message: Message, mail_sink: Server, typed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("With pleasure."))
    job = call(message.pk, "reply") if typed else call(message.pk, "reply", "--text=With pleasure.")
    assert run_job(job).status == JobStatus.COMPLETED
    [mail] = mail_sink.mails
    assert (mail["To"], mail["Subject"], mail["In-Reply-To"]) == (
        "ann@elsewhere.example",
        "Re: Offer",
        "<1@elsewhere.example>",
    )
    assert (OutgoingMail.objects.get().body, job.owner_id) == ("With pleasure.", message.mailbox.user_id)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["forward"], "to is not an address"),
        (["forward", "nobody"], "to is not an address"),
        (["forward", "a@b.com\nBcc: c@d.com"], "to has to be plain"),
        (["reply", "--text= "], "empty"),
        (["reply", "--text=a\0b"], "body holds a NUL"),
        (["reply", "jane@company.com", "--text=Hi"], "goes to who wrote"),
        (["archive", "--text=Hi"], "--text is for forward and reply"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_sent(message: Message, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        call(message.pk, *arguments)
    assert (caught.value.returncode, OutgoingMail.objects.exists()) == (2, False)
