"""A message that was answered or forwarded says so on the server, as mail programs have it."""

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.models import Mailbox, Message
from jobs.models import JobStatus
from jobs.testing import run_job
from tests.email_automation.conftest import run_task
from tests.email_automation.mailboxes.imap.conftest import Account, Sync
from tests.email_automation.sending.test_forwarding import PLAIN, TO, attached
from tests.servers import smtp

pytestmark = pytest.mark.django_db


def test_over_imap_both_marks_are_set_once_it_went(
    account: Account,
    user: User,
    sync: Sync,
    mail_sink: smtp.Server,
) -> None:
    account.has(PLAIN.replace(b"\n", b"\r\n"))
    sync(account.connect(user))
    message = Message.objects.get()
    run_job(services.reply(message, "With pleasure."))
    run_job(services.forward(message, TO))
    assert attached(mail_sink.mails[1]).get_content_type() == "message/rfc822"
    assert [job.status for job in run_task("mailbox_action")] == [JobStatus.COMPLETED] * 2
    account.box.folder.set("INBOX")
    [there] = account.box.fetch(mark_seen=False)
    keeps_keywords = account.security == "tls"  # Dovecot does, mail-devel does not
    assert set(there.flags) >= {"\\Answered", *(["$Forwarded"] if keeps_keywords else [])}
    message.refresh_from_db()
    assert set(message.flags) >= {"replied", *(["passed"] if keeps_keywords else [])}
    assert sync(Mailbox.objects.get()).changed == 0


def test_mail_that_did_not_go_marks_nothing(
    account: Account,
    user: User,
    sync: Sync,
    settings: Settings,
) -> None:
    account.has(PLAIN)
    sync(account.connect(user))
    settings.MAIL_KILL_SWITCH = True
    run_job(services.reply(Message.objects.get(), "With pleasure."))
    assert run_task("mailbox_action") == []
