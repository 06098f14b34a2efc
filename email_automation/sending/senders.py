"""Whom a mail comes from: fixed for its user, never taken from input."""

from email.headerregistry import Address
from email.utils import parseaddr

from django.conf import settings

from email_automation.models import Account, Author, Mailer, MailKind, OutgoingMail, Sender
from email_automation.sending.recipients import BadMailError, wire

OF_MAILBOX = (Mailer.GMAIL, Mailer.OWN_SMTP)  # what goes through these comes from the mailbox's address
PERSONAL = (MailKind.REPLY, MailKind.FOLLOW_UP)


def sender_of(mail: OutgoingMail) -> Address:
    """The address of the mailbox that it goes through; else what staff set for its user; else, and for the
    product's own mail, MAIL_FROM."""
    name, address = _configured(mail)
    return header_address(address, name)


def reply_to(mail: OutgoingMail, sender: Address) -> Address | None:
    """Where an answer to a user's personal mail reaches them, if not where it came from."""
    if mail.kind not in PERSONAL or mail.user is None or not mail.user.email:
        return None
    try:
        own = wire(mail.user.email)
    except BadMailError:
        return None
    return None if own.lower() == sender.addr_spec.lower() or mail.mailer in OF_MAILBOX else header_address(own)


def header_address(address: str, name: str = "") -> Address:
    """An address as headers hold it. Given in parts, its letters before the @ may be any."""
    local, _, domain = wire(address).rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def message_id_domain() -> str:
    """The right-hand side of our Message-IDs."""
    return _domain(parseaddr(settings.DEFAULT_FROM_EMAIL)[1]) or "localhost"


def _configured(mail: OutgoingMail) -> tuple[str, str]:
    if mail.mailer in OF_MAILBOX:
        return _name(mail), Account.objects.get(mailbox=mail.mailbox_id).address
    is_users = mail.user_id is not None and mail.author != Author.PRODUCT
    own = Sender.objects.filter(user=mail.user_id).first() if is_users else None
    return (own.name, own.address) if own else parseaddr(settings.DEFAULT_FROM_EMAIL)


def _name(mail: OutgoingMail) -> str:
    setting = getattr(mail.user, "automation", None)
    return setting.sender_name if setting else ""


def _domain(address: str) -> str:
    try:
        return wire(address).rpartition("@")[2]
    except BadMailError:
        return ""
