"""Mail through the SMTP server of a mailbox: its provider's, which knows its address and its owner."""

from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings

from email_automation.connecting import accounts
from email_automation.mailboxes import MailboxError
from email_automation.mailboxes.imap import ServerTroubleError
from email_automation.mailboxes.imap.hosts import check_plain, resolve
from email_automation.mailers.base import LastStep, Later, Rejected, Taken
from email_automation.mailers.server import LOGIN_REFUSED, Remedies, Server, logged_in
from email_automation.mailers.smtp import SmtpMailer
from email_automation.models import Account, OutgoingMail, Security
from jobs.errors import Held

TRIAL_SECONDS = 30.0
REMEDIES = Remedies(
    "Connect its mailbox again, with a login that may send, then run the job again",
    "Connect its mailbox again, with TLS or STARTTLS for sending, as the provider says",
    "Connect its mailbox again, with the name that the certificate is made for",
)
GONE = "the mailbox that it was to be sent from is gone. Write it anew"
NO_SERVER = "its mailbox has no SMTP server of its own any more. Connect it again with one, or write the mail anew"


class OwnSmtpMailer(SmtpMailer):
    """Through the mailbox's own server, with the mailbox's login."""

    def send(self, mail: OutgoingMail, recipients: Sequence[str], key: str, last_step: LastStep) -> Taken:
        if mail.mailbox_id is None:
            raise Rejected("MAILBOX_GONE", GONE)
        account = accounts.account_of(mail.mailbox_id)
        try:
            return self._send(_server_of(account), mail, recipients, key, last_step)
        except Rejected as error:
            if error.code == LOGIN_REFUSED:
                with suppress(Held):  # its other jobs wait; this mail has failed
                    accounts.broken(account, f"{account.smtp_host} refuses its login for sending.")
            raise


def try_login(server: Server) -> None:
    """Raises Rejected or Later: it does not let us in."""
    with logged_in(server, TRIAL_SECONDS):
        pass


def server_at(
    host: str, port: int, security: Security, username: str, password: str, remedies: Remedies = REMEDIES
) -> Server:
    """A server of a user's choice, at an address that they may send us to.

    Raises:
        MailboxError: they may not; `field` says what of it is wrong.
        ServerTroubleError: nobody can tell now.
    """
    address = resolve(host, private=settings.MAIL_PRIVATE_HOSTS)
    if security is Security.NONE:
        check_plain(address)
    return Server(host, port, security, username, password, str(address), remedies)


def _server_of(account: Account) -> Server:
    if not account.smtp_host:
        raise Rejected("NO_OWN_SERVER", NO_SERVER)
    security = Security(account.smtp_security)
    try:
        return server_at(account.smtp_host, account.smtp_port, security, account.username, account.password.reveal())
    except MailboxError as error:
        raise Rejected(error.code, str(error)) from None
    except ServerTroubleError as error:
        raise Later(str(error)) from None
