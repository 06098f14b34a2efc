"""Which mailer a mail goes through."""

from email_automation.mailers.base import Mailer
from email_automation.mailers.smtp import SmtpMailer
from email_automation.models import Mailer as Through
from email_automation.models import OutgoingMail


def mailer_of(mail: OutgoingMail) -> Mailer:
    """The mailer of a mail, noted on it: what was begun through one is not gone on with through another."""
    mail.mailer = mail.mailer or Through.SMTP
    return SmtpMailer()
