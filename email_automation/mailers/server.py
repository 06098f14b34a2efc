"""SMTP servers: the site's, or that of a mailbox; and being let in, or told why not."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from email_automation.mailers.base import Later, Rejected
from email_automation.models import Security

PERMANENT = 500  # reply codes from here on are the server's last word
LOGIN_REFUSED = "LOGIN_REFUSED"
CERTIFICATE_REFUSED = "CERTIFICATE_REFUSED"
NOT_SUPPORTED = "NOT_SUPPORTED"
MAX_ANSWER = 65_536  # bytes of one: a server may never end it
GOODBYE = 1.0  # seconds
SAID = 200  # characters kept of a reply


@dataclass(frozen=True, slots=True)
class Remedies:
    """What to do where a server does not let us in."""

    login: str
    security: str
    certificate: str


OF_SITE = Remedies(
    "Correct SMTP_USER and SMTP_PASSWORD, then run the job again",
    "Check SMTP_TLS",
    "Use the name that it is made for in SMTP_HOST, or renew it",
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and how to get in."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    address: str = ""
    """What its name was found to mean; empty: whatever it means now."""
    remedies: Remedies = OF_SITE


def of_site() -> Server:
    security = Security.STARTTLS if settings.EMAIL_USE_TLS else Security.NONE
    return Server(
        settings.EMAIL_HOST,
        settings.EMAIL_PORT,
        Security.TLS if settings.EMAIL_USE_SSL else security,
        settings.EMAIL_HOST_USER,
        settings.EMAIL_HOST_PASSWORD,
    )


@contextmanager
def logged_in(server: Server, seconds: float) -> Iterator[Connection]:
    """A connection that has let us in, and is cut after `seconds`, unless it is allowed others.

    Raises:
        Rejected, Later: it did not.
    """
    connection = Connection(server, seconds)
    try:
        try:
            connection.enter()
        except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: a challenge that is none
            raise classified(error, server.remedies) from error
        yield connection
    finally:
        connection.part()


def classified(error: Exception, remedies: Remedies) -> Rejected | Later:
    """What an error before the dot means."""
    match error:
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= PERMANENT:
            said = words(error.smtp_error)
            return Rejected(LOGIN_REFUSED, f"the mail server refuses the login ({said}). {remedies.login}")
        case smtplib.SMTPNotSupportedError():
            reason = f"the mail server does not offer what is set: {error}. {remedies.security}"
            return Rejected(NOT_SUPPORTED, reason)
        case smtplib.SMTPResponseException():
            return refusal(error.smtp_code, f"{error.smtp_code} {words(error.smtp_error)}")
        case ssl.SSLCertVerificationError():
            return Rejected(
                CERTIFICATE_REFUSED,
                f"the mail server's certificate is not to be trusted ({error.verify_message}). {remedies.certificate}",
            )
    return Later(f"the mail server does not answer ({type(error).__name__})")


def refusal(code: int, said: str) -> Rejected | Later:
    """What a reply that is no yes means."""
    if code >= PERMANENT:
        return Rejected("REFUSED_BY_SERVER", f"the mail server refused it ({said})")
    return Later(f"the mail server says later ({said})")


def words(reply: bytes | str) -> str:
    text = " ".join((reply if isinstance(reply, str) else reply.decode("utf-8", "replace")).split())
    return "".join(letter for letter in text if letter.isprintable())[:SAID]


class Connection(smtplib.SMTP):
    """To the address that was looked at, and within bounds: a server of a user's choice may drip, or never end."""

    def __init__(self, server: Server, seconds: float) -> None:
        super().__init__(local_hostname=DNS_NAME.get_fqdn(), timeout=settings.EMAIL_TIMEOUT)
        self._server = server
        self._host = server.host  # what its certificate is to be made for
        self._line: socket.socket | None = None
        self._cutting = threading.Lock()
        self._is_cut = False
        self._span = 0
        self._clock: threading.Timer | None = None
        self.allow(seconds)

    def enter(self) -> None:
        code, said = self.connect(self._server.host, self._server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        self.ehlo_or_helo_if_needed()
        if self._server.security is Security.STARTTLS:
            self.starttls(context=ssl.create_default_context())
            self.ehlo_or_helo_if_needed()
        if self._server.username:
            self._log_in()

    def allow(self, seconds: float) -> bool:
        """From now on so long, whatever was allowed before. False where the connection was cut already."""
        with self._cutting:
            if self._clock is not None:
                self._clock.cancel()
            self._span += 1  # one that is about to cut, cuts no more
            self._clock = threading.Timer(seconds, self._cut, (self._span,))
            self._clock.daemon = True
            self._clock.start()
            return not self._is_cut

    def part(self) -> None:
        """Goodbye is a courtesy: what it took, it has."""
        self.allow(GOODBYE)
        with suppress(smtplib.SMTPException, OSError):
            if self.sock is not None:
                self.sock.settimeout(GOODBYE)
                self.quit()
        self.close()
        with self._cutting:
            self._span += 1
            if self._clock is not None:
                self._clock.cancel()
            if self._line is not None:
                self._line.close()

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.begin()
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._server.address or host, port), timeout)
        with self._cutting:
            self._line = plain.dup()  # the same line whatever TLS makes of the socket
        if self._server.security is not Security.TLS:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
        except OSError:
            plain.close()
            raise

    def _log_in(self) -> None:
        username, password = self._server.username, self._server.password
        if (username + password).isascii():
            self.login(username, password)
            return
        shown = base64.b64encode(f"\0{username}\0{password}".encode()).decode()  # smtplib knows no other letters
        code, said = self.docmd("AUTH", f"PLAIN {shown}")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, said)

    def _cut(self, span: int) -> None:
        with self._cutting, suppress(OSError):
            if span == self._span:
                self._is_cut = True
                if self._line is not None:
                    self._line.shutdown(socket.SHUT_RDWR)


class _Answers:
    """What a server says, each answer within MAX_ANSWER."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.begin()

    def begin(self) -> None:
        self._left = MAX_ANSWER

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("endless answer")
        return line

    def close(self) -> None:
        self._file.close()
