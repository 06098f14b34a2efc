"""Which mailer a mail goes through."""

from django.db.models import Q

from email_automation.mailers.base import Mailer
from email_automation.mailers.gmail import GmailMailer
from email_automation.mailers.smtp import SmtpMailer
from email_automation.models import AccountState, Author, Mailbox, OutgoingMail, Provider
from email_automation.models import Mailer as Through


def mailer_of(mail: OutgoingMail) -> Mailer:
    """The mailer of a mail, noted on it: what was begun through one is not gone on with through another."""
    if not mail.mailer:
        mail.mailbox = _gmail(mail)
        mail.mailer = Through.GMAIL if mail.mailbox else Through.SMTP
        OutgoingMail.objects.filter(pk=mail.pk).update(mailer=mail.mailer, mailbox=mail.mailbox)
    return GmailMailer() if mail.mailer == Through.GMAIL else SmtpMailer()


def _gmail(mail: OutgoingMail) -> Mailbox | None:
    """The Gmail account that a user's own mail goes through: that of the message it answers, else the first."""
    if mail.user_id is None or mail.author == Author.PRODUCT:
        return None
    connected = Mailbox.objects.filter(~Q(account__state=AccountState.DISCONNECTED), account__provider=Provider.GMAIL)
    mine = connected.filter(user_id=mail.user_id).order_by("pk")
    answered = mine.filter(pk=mail.answers.mailbox_id).first() if mail.answers else None
    return answered or mine.first()
