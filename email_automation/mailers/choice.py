"""Which mailer a mail goes through."""

from django.conf import settings
from django.db.models import Q

from email_automation.mailers.base import Mailer
from email_automation.mailers.gmail import GmailMailer
from email_automation.mailers.own_smtp import OwnSmtpMailer
from email_automation.mailers.smtp import SmtpMailer
from email_automation.models import Account, AccountState, Author, OutgoingMail, Provider
from email_automation.models import Mailer as Through

MAILERS: dict[str, type[Mailer]] = {
    Through.GMAIL: GmailMailer,
    Through.OWN_SMTP: OwnSmtpMailer,
    Through.SMTP: SmtpMailer,
}


def mailer_of(mail: OutgoingMail) -> Mailer:
    """The mailer of a mail, noted on it: what was begun through one is not gone on with through another."""
    if not mail.mailer:
        account = _own(mail)
        mail.mailbox = account.mailbox if account else None
        mail.mailer = _through(account)
        OutgoingMail.objects.filter(pk=mail.pk).update(mailer=mail.mailer, mailbox=mail.mailbox)
    return MAILERS[mail.mailer]()


def is_sunk(mail: OutgoingMail) -> bool:
    """Does it go to a laptop's sink, and so to nobody?"""
    return settings.EMAIL_SINK and (mail.mailer or _through(_own(mail))) == Through.SMTP


def _own(mail: OutgoingMail) -> Account | None:
    """The account that a user's own mail goes through: that of the message it answers, else the first that sends."""
    if mail.user_id is None or mail.author == Author.PRODUCT:
        return None
    sends = Q(provider=Provider.GMAIL) | ~Q(smtp_host="")
    mine = Account.objects.filter(sends, mailbox__user_id=mail.user_id).exclude(state=AccountState.DISCONNECTED)
    mine = mine.select_related("mailbox").order_by("mailbox_id")
    answered = mine.filter(mailbox_id=mail.answers.mailbox_id).first() if mail.answers else None
    return answered or mine.first()


def _through(account: Account | None) -> Through:
    if account is None:
        return Through.SMTP
    return Through.GMAIL if account.provider == Provider.GMAIL else Through.OWN_SMTP
