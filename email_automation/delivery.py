"""A mail leaves: recorded before, and what came of it after."""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from email_automation.automation import stopped_because, why_never_answered
from email_automation.models import MailStatus, OutgoingMail
from email_automation.recipients import BadMailError, addresses, check_content, is_reserved
from jobs import context
from jobs.errors import Fail, InDoubt

SMTP_PERMANENT = 500  # reply codes from here on are the server's last word


def deliver(mail: OutgoingMail) -> OutgoingMail:
    """Send a queued mail; what was sent or skipped before stays so.

    Raises:
        Fail: it must not go out, or the server refuses it for good.
        InDoubt: it was handed over, and nobody knows what became of it.
        OSError, SMTPException: it surely did not go; worth another try.
    """
    if mail.status in (MailStatus.SENT, MailStatus.SKIPPED):
        return mail
    if mail.status == MailStatus.SENDING:
        raise InDoubt("an earlier attempt handed it to the mail server and did not come back")
    _refuse_what_must_not_go(mail)
    recipients = _checked(mail)
    reserved = [address for address in recipients if is_reserved(address)]
    if reserved and not settings.EMAIL_SINK:
        return _settle(mail, MailStatus.SKIPPED, "reserved domain: nobody has mail there")
    _send(mail, recipients)
    return mail


def _refuse_what_must_not_go(mail: OutgoingMail) -> None:
    reason = stopped_because(mail.user_id)
    if reason:
        _settle(mail, MailStatus.FAILED, reason)
        raise Fail(f"Not sent: {reason}. Allow it in the admin, then run the job again.", code="SENDING_STOPPED")
    never = why_never_answered(mail.answers) if mail.answers else ""
    if never:
        _settle(mail, MailStatus.FAILED, never)
        raise Fail(f"Not answered: {never}.", code="NEVER_ANSWERED")


def _checked(mail: OutgoingMail) -> list[str]:
    try:
        check_content(mail.subject, mail.body)
        return addresses(mail.to)
    except BadMailError as error:
        _settle(mail, MailStatus.FAILED, str(error))
        raise Fail(str(error), code="INVALID_MAIL") from None


def _send(mail: OutgoingMail, recipients: list[str]) -> None:
    message = _message(mail, recipients)
    connection = get_connection()
    connection.open()  # what fails here has surely sent nothing
    try:
        context.check_cancel()
        _settle(mail, MailStatus.SENDING, "")
        connection.send_messages([message])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        _refused(mail, error)
    except (smtplib.SMTPException, OSError) as error:
        # Between the last byte and the server's answer: sending again might send twice.
        raise InDoubt(f"the mail server went away while it took the mail ({type(error).__name__})") from error
    finally:
        connection.close()
    mail.message_id = message.extra_headers["Message-ID"].strip("<>")
    mail.sent_at = timezone.now()
    _settle(mail, MailStatus.SENT, "")


def _refused(mail: OutgoingMail, error: smtplib.SMTPException) -> None:
    """The server said no: for good, or for now."""
    codes = [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    reason = f"the mail server refused it ({', '.join(str(code) for code in sorted(set(codes)))})"
    if codes and min(codes) >= SMTP_PERMANENT:
        _settle(mail, MailStatus.FAILED, reason)
        raise Fail(f"Not sent: {reason}.", code="REFUSED_BY_SERVER") from error
    _settle(mail, MailStatus.QUEUED, reason)
    raise error


def _message(mail: OutgoingMail, recipients: list[str]) -> EmailMessage:
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{mail.job_id or f'mail-{mail.pk}'}@{domain}>"}
    if mail.answers and mail.answers.message_id:
        thread = [*mail.answers.references, mail.answers.message_id][-20:]
        headers["In-Reply-To"] = f"<{mail.answers.message_id}>"
        headers["References"] = " ".join(f"<{one}>" for one in thread)
    if mail.released_by_rule:
        headers["Auto-Submitted"] = "auto-replied"
        headers["X-Auto-Response-Suppress"] = "All"
    return EmailMessage(mail.subject, mail.body, sender, recipients, headers=headers)


def _settle(mail: OutgoingMail, status: MailStatus, reason: str) -> OutgoingMail:
    mail.status, mail.reason = status, reason[:300]
    with transaction.atomic():
        mail.save(update_fields=["status", "reason", "message_id", "sent_at"])
    return mail
