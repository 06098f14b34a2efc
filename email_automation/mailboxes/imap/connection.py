"""A connection to an IMAP server, logged in."""

import contextlib
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from email_automation.mailboxes.imap.errors import (
    LoginRefusedError,
    NotSecureError,
    ServerTroubleError,
    spoken_with,
)
from email_automation.mailboxes.imap.hosts import Address, check_plain, resolve

TIMEOUT = SocketTimeout(connect=10, read=30)  # seconds: to be connected, and for each piece of an answer
LOGIN_SECONDS = 60.0  # from the first byte to being logged in: a server may drip
MAX_LITERAL = 2_097_152  # bytes kept of one string of an answer; we ask for shorter ones
MAX_DRAINED = 1_073_741_824
_PIECE = 65_536

# RFC 5530: what a refused login means. Anything else, or no word at all, is about the login itself.
_TEMPORARY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN|OVERQUOTA|THROTTLED)\]"
    r"|too many|temporar|try again|unavailable|rate limit|throttl",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Security(StrEnum):
    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Login:
    """How to get in. One of password and token."""

    host: str
    username: str
    port: int = 993
    security: Security = Security.TLS
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """An OAuth 2 access token, for XOAUTH2."""
    private: bool = False
    """Whether the host may be in a private network."""


class Client(IMAPClient):  # type: ignore[misc]  # it has no types
    """Connects to the address that was looked at; keeps answers within bounds."""

    def __init__(self, login: Login, address: Address, context: ssl.SSLContext) -> None:
        self._address = address
        super().__init__(
            login.host,
            login.port,
            ssl=login.security is Security.TLS,
            ssl_context=context,
            timeout=TIMEOUT,
        )
        self.folder_encode = False  # names are decoded by us: theirs may be broken
        self._imap.debug = 0  # imapclient has everything logged: the mail too

    def count_changes(self) -> None:
        """Have the server tell what changed since, where it can (RFC 7162)."""
        offered = [name for name in ("QRESYNC", "CONDSTORE") if self.has_capability(name)]
        if offered and self.has_capability("ENABLE"):
            self.enable(*offered[:1])

    def uid_at(self, number: int) -> int:
        """The UID of the message with this number, counted from the oldest; 0 where there are not so many any more."""
        self.use_uid = False
        try:
            with spoken_with(self.host):
                answer = self.fetch([number], ["UID"])
        finally:
            self.use_uid = True
        uid = answer.get(number, {}).get(b"UID")
        return uid if isinstance(uid, int) else 0

    def vanished(self) -> list[str]:
        """What the last answers said of messages that are there no more: sets of UIDs (RFC 7162)."""
        said = self._imap.untagged_responses.pop("VANISHED", [])
        return [one.decode("ascii").removeprefix("(EARLIER) ") for one in said]

    def moved_to(self, key: str) -> str:
        """What the message that was moved or copied last is called in the folder with this key (RFC 4315); empty
        where the server does not say."""
        said = self._imap.untagged_responses.pop("COPYUID", [])
        found = re.fullmatch(rb"(\d+) \S+ (\d+)", said[-1]) if said else None
        return f"{key}/{int(found[1])}/{int(found[2])}" if found else ""

    def store_labels(self, uid: int, command: str, labels: bytes) -> None:
        """Give a message labels of Gmail, or take them away (X-GM-EXT-1)."""
        self._command_and_check("store", str(uid), command, labels, uid=True)

    def show_token(self, username: str, token: str) -> None:
        """Log in with an OAuth 2 access token (XOAUTH2). Why it is refused, if it is, is acknowledged."""
        said = iter([f"user={username}\x01auth=Bearer {token}\x01\x01"])
        try:
            self._command_and_check("authenticate", "XOAUTH2", lambda challenge: next(said, ""))
        except IMAPClientError as error:
            raise LoginError(str(error)) from error

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.socket().shutdown(socket.SHUT_RDWR)

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - IMAPClient's name
        return _Connection(self.host, self.port, self._address, self.ssl_context if self.ssl else None)


class _Connection(imaplib.IMAP4):
    def __init__(self, host: str, port: int, address: Address, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        super().__init__(host, port, timeout=TIMEOUT.connect)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = socket.create_connection((str(self._address), self.port), timeout)
        plain.settimeout(TIMEOUT.read)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        """A literal, what is too much of it thrown away: the answer goes on behind it."""
        kept: bytes = super().read(min(size, MAX_LITERAL))
        left = size - len(kept)
        if left > MAX_DRAINED:
            raise self.abort("endless literal")
        while left > 0 and (piece := super().read(min(left, _PIECE))):
            left -= len(piece)
        return kept


@contextmanager
def connected(login: Login) -> Iterator[Client]:
    """A client that is logged in. Troubles inside the block are the caller's.

    Raises:
        MailboxError: this login cannot work as it is; the text says why.
        ServerTroubleError: it may work later.
    """
    _check(login)
    address = resolve(login.host, private=login.private)
    if login.security is Security.NONE:
        check_plain(address)
    client = _logged_in(login, address)
    try:
        yield client
    finally:
        with contextlib.suppress(IMAPClientError, OSError):
            client.logout()
        with contextlib.suppress(OSError):  # closed already, after a logout that worked
            client.shutdown()


def _check(login: Login) -> None:
    secret = login.password or login.token
    if not login.username or not secret:
        raise LoginRefusedError("A login needs a user name and a password or a token.")
    if _CONTROL.search(login.username + secret):
        raise LoginRefusedError("User names and passwords hold no control characters such as line breaks.")


def _logged_in(login: Login, address: Address) -> Client:
    context = ssl.create_default_context()
    with spoken_with(login.host):
        client = Client(login, address, context)
    hang_up = threading.Timer(LOGIN_SECONDS, client.hang_up)
    hang_up.daemon = True
    hang_up.start()
    try:
        with spoken_with(login.host):
            _secure(client, login, context)
            _authenticate(client, login)
            client.count_changes()
    except BaseException:
        with contextlib.suppress(OSError):  # closed already, where TLS failed
            client.shutdown()
        raise
    finally:
        hang_up.cancel()
    return client


def _secure(client: Client, login: Login, context: ssl.SSLContext) -> None:
    if login.security is not Security.STARTTLS:
        return
    if not client.has_capability("STARTTLS"):
        raise NotSecureError(f"{login.host} offers no STARTTLS on port {login.port}. Choose TLS, usually port 993.")
    client.starttls(context)


def _authenticate(client: Client, login: Login) -> None:
    try:
        if login.token:
            client.show_token(login.username, login.token)
        elif login.username.isascii() and login.password.isascii():
            client.login(login.username, login.password)
        else:  # LOGIN knows no other letters
            client.plain_login(login.username, login.password)
    except LoginError as error:
        if isinstance(error.__context__, IMAPClientAbortError):
            raise error.__context__ from None
        if _TEMPORARY.search(str(error)):
            raise ServerTroubleError(f"{login.host} lets nobody in at the moment.") from None
        raise LoginRefusedError(f"{login.host} refused the login of {login.username}.") from None
