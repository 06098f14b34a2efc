"""Connect an IMAP account."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from email_automation.connecting import accounts
from email_automation.connecting.encryption import Secret
from email_automation.mailboxes import MailboxError
from email_automation.mailboxes.imap import Login, ServerTroubleError, connected
from email_automation.mailboxes.imap import Security as ImapSecurity
from email_automation.mailboxes.imap.folders import chosen, folders_of
from email_automation.models import Mailbox, MailboxKind, Provider, Security
from email_automation.services.own_smtp import own_smtp
from email_automation.services.servers import host_of, port_of, security_of
from jobs.errors import Refused

PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}
MAX_FOLDERS = 100
MAX_NAME = 200
MAX_USERNAME = 320


class NotConnected(Refused):
    """The account could not be opened; the text says why."""

    code = "MAILBOX_NOT_CONNECTED"


def connect_imap(
    user: AbstractBaseUser,
    *,
    host: str,
    username: str,
    password: str,
    port: int | None = None,
    security: str = Security.TLS,
    address: str = "",
    name: str = "",
    only_folders: Sequence[str] = (),
    without_folders: Sequence[str] = (),
    smtp_host: str = "",
    smtp_port: int | None = None,
    smtp_security: str = Security.TLS,
) -> Mailbox:
    """Connect a mailbox of this user once a login has worked: a new one, or again the one that it was.

    Args:
        address: What mail to this account is sent to, and its own comes from, where the user name is no address.
        smtp_host: Its own mail leaves through this server, with the same login. Empty: as if it were not connected.

    Raises:
        Refused: something does not fit, or the login did not work; `field` names what.
    """
    login = _login(host, username, password, port, security)
    only, without = _folders(only_folders, "only_folders"), _folders(without_folders, "without_folders")
    known_as = _address(address or login.username, login.host)
    _try(login, only, without)
    sends = own_smtp(login, address or login.username, smtp_host, smtp_port, smtp_security)
    with transaction.atomic():
        mailbox, _ = Mailbox.objects.get_or_create(
            user_id=user.pk,
            location=f"imap://{login.username}@{login.host}:{login.port}",
            defaults={"kind": MailboxKind.IMAP, "name": (name or login.username)[:MAX_NAME]},
        )
        mailbox.only_folders, mailbox.without_folders = only, without
        if known_as not in mailbox.own_addresses:
            mailbox.own_addresses = [*mailbox.own_addresses, known_as]
        mailbox.save(update_fields=["only_folders", "without_folders", "own_addresses"])
        accounts.keep(
            mailbox,
            Provider.IMAP,
            known_as,
            host=login.host,
            port=login.port,
            security=login.security,
            username=login.username,
            password=Secret(login.password),
            **sends,
        )
    return mailbox


def _login(host: str, username: str, password: str, port: int | None, security: str) -> Login:
    host, username = host_of(host, "host"), username.strip()
    if not username or len(username) > MAX_USERNAME or not username.isprintable():
        raise Refused("Give the user name of the account, often its address.", field="username")
    if not password:
        raise Refused(
            "Give the password of the account, or one that its provider made for this program.", field="password"
        )
    kind = security_of(security, "security")
    chosen_port = port_of(port, kind, PORTS, "port")
    private = settings.MAIL_PRIVATE_HOSTS
    return Login(host, username, chosen_port, ImapSecurity(kind), password=password, private=private)


def _address(given: str, host: str) -> str:
    address = given.strip().lower() if "@" in given else f"{given.strip().lower()}@{host}"
    if len(address) > MAX_USERNAME or not address.isprintable() or " " in address:
        raise Refused("Give one address, such as jane@your-company.com.", field="address")
    return address


def _folders(names: Sequence[str], field: str) -> list[str]:
    given = [name.strip() for name in names if name.strip()]
    if len(given) > MAX_FOLDERS or any(len(name) > MAX_NAME or not name.isprintable() for name in given):
        raise Refused(f"Name at most {MAX_FOLDERS} folders.", field=field)
    return given


def _try(login: Login, only: Sequence[str], without: Sequence[str]) -> None:
    """Log in, and look whether there is a folder to read."""
    try:
        with connected(login) as client:
            folders = folders_of(client)
    except MailboxError as error:
        raise NotConnected(str(error), field=error.field) from None
    except ServerTroubleError as error:
        raise NotConnected(f"{error} Try again in a minute.", field="host") from None
    if not chosen(folders, only, without):
        names = ", ".join(folder.name for folder in folders[:20])
        raise NotConnected(f"None of its folders would be read. It has {names or 'none'}.", field="only_folders")
