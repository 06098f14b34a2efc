"""A bounce is recognised while it is synced, and believed where it names a mail of ours."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from email_automation import services
from email_automation.bouncing.reports import read
from email_automation.models import MailStatus, Message, OutgoingMail, Suppression
from jobs.models import JobStatus
from jobs.testing import run_job
from tests.email_automation.bombs import bombs
from tests.servers.smtp import Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]

TO = "jane@company.com"
Sync = Callable[..., list[Message]]


def bounce(message_id: str, *, address: str = TO, action: str = "failed", status: str = "5.1.1") -> bytes:
    return f"""\
From: Mail Delivery Subsystem <mailer-daemon@relay.company.com>
To: no-reply@fikiri.example
Subject: Delivery Status Notification (Failure)
Message-ID: <report-1@relay.company.com>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

Your mail was not delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.company.com

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} No such user

--b
Content-Type: message/rfc822

From: no-reply@fikiri.example
To: {address}
Message-ID: <{message_id}>
Subject: Welcome

Hello!

--b--
""".encode()


def complaint(message_id: str) -> bytes:
    report = b"Feedback-Type: abuse\nOriginal-Rcpt-To: <" + TO.encode() + b">\n"
    changed = bounce(message_id).replace(b"delivery-status", b"feedback-report")
    head, _, rest = changed.partition(b"Reporting-MTA")
    return head + report + b"\n--b" + rest.partition(b"--b")[2]


@pytest.fixture
def sent(mail_server: Server, user: User) -> OutgoingMail:
    assert run_job(services.send_email([TO, "bob@company.com"], "Welcome", "Hello!", user_id=user.pk)).is_final
    return OutgoingMail.objects.get()


def test_a_bounce_is_noted_on_its_mail_and_stops_the_next(sent: OutgoingMail, sync: Sync, user: User) -> None:
    sync(bounce(sent.message_id))
    sent.refresh_from_db()
    assert (sent.status, sent.delivered) == (MailStatus.SENT, ["bob@company.com"])
    assert sent.undelivered == {TO: "bounced: 5.1.1 smtp; 550 5.1.1 No such user"}
    suppression = Suppression.objects.get()
    assert (suppression.user, suppression.address, suppression.cause) == (user, TO, "bounced")
    job = run_job(services.send_email(TO, "Again", "Hello!", user_id=user.pk))
    assert (job.status, OutgoingMail.objects.get(subject="Again").status) == (JobStatus.COMPLETED, MailStatus.SKIPPED)


@pytest.mark.parametrize(
    "changed",
    [{"message_id": "made-up@nowhere.com"}, {"address": "somebody@else.com"}, {"action": "relayed", "status": "2.0.0"}],
)
def test_a_bounce_that_names_no_mail_of_ours_or_nobody_who_got_it_silences_nobody(
    sent: OutgoingMail, sync: Sync, changed: dict[str, str]
) -> None:
    sync(bounce(**{"message_id": sent.message_id, **changed}))
    sent.refresh_from_db()
    assert (sent.undelivered, Suppression.objects.count()) == ({}, 0)


def test_a_bounce_of_another_users_mail_silences_nobody(sent: OutgoingMail, sync: Sync, stranger: User) -> None:
    OutgoingMail.objects.update(user=stranger)
    sync(bounce(sent.message_id))
    assert not Suppression.objects.exists()


def test_a_delay_is_noted_and_stops_nothing(sent: OutgoingMail, sync: Sync) -> None:
    sync(bounce(sent.message_id, action="delayed", status="4.4.1"))
    sent.refresh_from_db()
    assert sent.undelivered[TO].startswith("delayed: 4.4.1")
    assert not Suppression.objects.exists()


def test_a_complaint_is_believed_the_same_way(sent: OutgoingMail, sync: Sync) -> None:
    sync(complaint(sent.message_id))
    assert Suppression.objects.get().cause == "complained"


def test_a_bounce_of_a_server_that_knows_no_rfc_is_understood_too() -> None:
    qmail = (
        b"From: MAILER-DAEMON@relay.com\nSubject: failure notice\n\nHi. This is the qmail-send program at relay.com.\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        b"This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        b"<jane@company.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        b"--- Below this line is a copy of the message.\n\nMessage-ID: <1@fikiri.io>\n"
    )
    report = read(qmail)
    assert (set(report.failed), report.ids) == ({TO}, ["1@fikiri.io"])


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"Content-Type: message/delivery-status\n\n\xff\xfe;;\n\n;;", b"<" * 10_000]
)
def test_what_nobody_understands_says_nothing(raw: bytes) -> None:
    assert read(raw).failed == {}


@pytest.mark.long
@pytest.mark.parametrize("name", ["nested bounce", "forwarded bounce", "many parts bounce", "huge headers bounce"])
def test_a_report_that_is_made_to_cost_says_nothing(name: str) -> None:
    report = read(bombs()[name])
    assert (report.failed, report.delayed, report.complained) == ({}, {}, set())
