"""A mail leaves, once: written down before, and what came of it after."""

import smtplib

from django.conf import settings
from django.core.mail import get_connection

from email_automation import outgoing
from email_automation.automation import stopped_because, why_never_answered, why_not_sent
from email_automation.models import MailStatus, OutgoingMail
from email_automation.recipients import BadMailError, addresses, check_content, is_reserved
from email_automation.writing import email_message, message_id
from jobs import context, effects
from jobs.effects import Doubt, Receipt, SurelyNot, Unclear
from jobs.errors import Discard, Fail, Superseded
from jobs.models import Effect

PERMANENT = 500  # SMTP reply codes from here on are the server's last word


def deliver(mail: OutgoingMail) -> OutgoingMail:
    """Send a queued mail; what was sent or skipped before stays so.

    Raises:
        Fail: it must not go out, or the server refuses it for good.
        InDoubt: nobody knows whether it went.
        OSError, SMTPException: it surely did not; worth another try.
    """
    if mail.status == MailStatus.HELD and not outgoing.end_hold(mail):
        raise Discard("the mail was taken back")
    if mail.status in (MailStatus.SENT, MailStatus.SKIPPED):
        return mail
    recipients = _allowed(mail)
    if not settings.EMAIL_SINK and any(is_reserved(address) for address in recipients):
        outgoing.skip(mail, "reserved domain: nobody has mail there")
        return mail
    if mail.status == MailStatus.QUEUED and (reason := why_not_sent(mail)):
        outgoing.skip(mail, reason)
        return mail
    receipt = _send_once(mail, recipients)
    mail.message_id = receipt.provider_id or message_id(mail)
    mail.delivered = recipients
    outgoing.settle(mail)
    return mail


def _allowed(mail: OutgoingMail) -> list[str]:
    """The recipients, once nothing speaks against sending."""
    if reason := stopped_because(mail.user_id):
        raise _failed(mail, "SENDING_STOPPED", f"{reason}. Allow it in the admin, then run the job again")
    if mail.answers and (reason := why_never_answered(mail.answers)):
        raise _failed(mail, "NEVER_ANSWERED", f"it answers a message that is never answered: {reason}")
    try:
        check_content(mail.subject, mail.body, mail.html)
        return addresses(mail.to)
    except BadMailError as error:
        raise _failed(mail, "INVALID_MAIL", str(error)) from None


def _send_once(mail: OutgoingMail, recipients: list[str]) -> Receipt:
    def send() -> Receipt:
        return _send(mail, recipients)

    def resolve(_: Effect) -> Doubt:
        # SMTP has nobody to ask; but a mail that was not handed over yet has not gone.
        mail.refresh_from_db(fields=["status"])
        if mail.status not in (MailStatus.SENDING, MailStatus.IN_DOUBT):
            return Doubt.SURELY_NOT
        outgoing.doubt(mail, "the mail server went away while it took the mail")
        return Doubt.CANNOT_KNOW

    if context.current() is None:  # called as a plain function: there is no second attempt
        return send()
    return effects.once(f"mail:{mail.pk}", kind="mail", do=send, resolve=resolve, seconds=settings.EMAIL_TIMEOUT)


def _send(mail: OutgoingMail, recipients: list[str]) -> Receipt:
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        raise SurelyNot(f"the mail server does not answer ({type(error).__name__})") from error
    try:
        if not outgoing.hand_over(mail):
            raise Superseded("the mail is another attempt's")
        connection.send_messages([email_message(mail, recipients)])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        raise SurelyNot("the mail server refused it") from _refused(mail, error)
    except (smtplib.SMTPException, OSError) as error:
        # Between the last byte and the server's answer: sending again might send twice.
        raise Unclear(f"the mail server went away while it took the mail ({type(error).__name__})") from error
    finally:
        connection.close()
    return Receipt(message_id(mail))


def _refused(mail: OutgoingMail, error: smtplib.SMTPException) -> Exception:
    """What decides whether it is tried again: the server's no is for good, or for now."""
    codes = _codes(error)
    reason = f"the mail server refused it ({', '.join(map(str, codes)) or type(error).__name__})"
    if codes and min(codes) >= PERMANENT:
        return _failed(mail, "REFUSED_BY_SERVER", reason)
    outgoing.wait(mail, reason)
    return error


def _codes(error: smtplib.SMTPException) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return sorted({code for code, _ in error.recipients.values()})
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _failed(mail: OutgoingMail, code: str, reason: str) -> Fail:
    outgoing.fail(mail, reason)
    return Fail(f"Not sent: {reason}.", code=code)
