"""A dialogue with an SMTP server that knows where it stands: until the final dot is on its way, a mail has surely not
gone; from then on only the server's answer says so. `smtplib` does not tell the two apart."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from django.conf import settings
from django.core.mail.utils import DNS_NAME

from email_automation.mailers.base import Later, Rejected
from jobs.effects import Unclear

PERMANENT = 500  # reply codes from here on are the server's last word
SAID = 200  # characters kept of a reply
LOGIN_WANTED = 530
CONFIGURE_LOGIN = "Correct SMTP_USER and SMTP_PASSWORD, then run the job again"


@dataclass
class Verdict:
    """What the server said of each recipient."""

    accepted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    deferred: dict[str, str] = field(default_factory=dict)


class Dialogue:
    """One connection. Every step has its time, and all steps before the dot have one together."""

    def __init__(self, server: smtplib.SMTP, deadline: float) -> None:
        self._server = server
        self._deadline = deadline

    def address(self, sender: str, recipients: Sequence[str], *, size: int, utf8: bool) -> Verdict:
        """MAIL and RCPT. Raises Rejected or Later where nobody is left to send it to."""
        self._mail(sender, size, utf8)
        verdict = Verdict()
        for recipient in recipients:
            code, said = self._step(lambda recipient=recipient: self._server.rcpt(recipient))  # type: ignore[misc]
            if code == 421:
                raise Later(f"the mail server is closing ({said})")
            if 200 <= code < 300:
                verdict.accepted.append(recipient)
            else:
                (verdict.refused if code >= PERMANENT else verdict.deferred)[recipient] = said
        if not verdict.accepted:
            raise _nobody(verdict)
        return verdict

    def hand_over(self, content: bytes, last_step: Callable[[], None], answer_within: float) -> str:
        """DATA, the mail, the last step, the dot; gives the server's words.

        Raises:
            Rejected, Later: it said no.
            Unclear: it took the dot, or may have, and said nothing that can be understood.
        """
        code, said = self._step(lambda: self._server.docmd("data"))
        if code != 354:
            raise _no(code, said)
        self._step(lambda: self._server.send(_stuffed(content)))
        last_step()
        if self._has_spoken():  # before the dot a server has nothing to say but that it takes nothing any more
            raise Later("the mail server hung up before the end of the mail")
        try:
            self._wait_at_most(answer_within)
            self._server.send(b".\r\n")
            code, reply = self._server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            # Between the dot and the answer: sending again might send twice.
            raise Unclear(f"the mail server went away while it took the mail ({type(error).__name__})") from error
        if 200 <= code < 300:
            return _words(reply)
        if 400 <= code < 600:
            raise _no(code, f"{code} {_words(reply)}")
        raise Unclear(f"the mail server answered the mail with what is no answer ({code})")

    def _mail(self, sender: str, size: int, utf8: bool) -> None:
        if utf8 and not self._server.has_extn("smtputf8"):
            raise Rejected(
                "ADDRESS_NOT_SUPPORTED",
                "an address has letters before its @ that this mail server cannot write to (no SMTPUTF8). "
                "Ask the recipient for another address",
            )
        options = [f"size={size}"] if self._server.has_extn("size") else []
        options += ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        code, said = self._step(lambda: self._server.mail(sender, options))
        if code == LOGIN_WANTED:
            raise Rejected("LOGIN_REFUSED", f"the mail server wants a login ({said}). {CONFIGURE_LOGIN}")
        if not 200 <= code < 300:
            raise _no(code, said)

    def _step(self, step: Callable[[], tuple[int, bytes] | None]) -> tuple[int, str]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Later("the mail server took too long over its answers")
        self._wait_at_most(min(settings.EMAIL_TIMEOUT, left))
        try:
            answer = step()
        except (smtplib.SMTPException, OSError) as error:
            raise classified(error) from error
        code, reply = answer or (0, b"")
        return code, f"{code} {_words(reply)}"

    def _has_spoken(self) -> bool:
        """Whether there is an answer, or an end, before it was asked for one. Below TLS nobody can tell."""
        sock = self._server.sock
        if sock is None or isinstance(sock, ssl.SSLSocket):
            return sock is None
        sock.setblocking(False)
        try:
            sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _wait_at_most(self, seconds: float) -> None:
        if self._server.sock is not None:
            self._server.sock.settimeout(seconds)


@contextmanager
def connected(seconds: float) -> Iterator[Dialogue]:
    """A server that has let us in; `seconds` are for everything before the dot.

    Raises:
        Rejected, Later: it did not.
    """
    deadline = time.monotonic() + seconds
    try:
        server = _connect()
    except (smtplib.SMTPException, OSError) as error:
        raise classified(error) from error
    try:
        _log_in(server)
        yield Dialogue(server, deadline)
    finally:
        with suppress(smtplib.SMTPException, OSError):  # what it took, it has; goodbye is a courtesy
            if server.sock is not None:
                server.sock.settimeout(1)
                server.quit()
        server.close()


def classified(error: Exception) -> Rejected | Later:
    """What an error before the dot means."""
    match error:
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= PERMANENT:
            said = _words(error.smtp_error)
            return Rejected("LOGIN_REFUSED", f"the mail server refuses the login ({said}). {CONFIGURE_LOGIN}")
        case smtplib.SMTPNotSupportedError():
            return Rejected("NOT_SUPPORTED", f"the mail server does not offer what is set: {error}. Check SMTP_TLS")
        case smtplib.SMTPResponseException():
            return _no(error.smtp_code, f"{error.smtp_code} {_words(error.smtp_error)}")
        case ssl.SSLCertVerificationError():
            return Rejected(
                "CERTIFICATE_REFUSED",
                f"the mail server's certificate is not to be trusted ({error.verify_message}). "
                "Use the name that it is made for in SMTP_HOST, or renew it",
            )
    return Later(f"the mail server does not answer ({type(error).__name__})")


def _connect() -> smtplib.SMTP:
    host, port, name = settings.EMAIL_HOST, settings.EMAIL_PORT, DNS_NAME.get_fqdn()
    if settings.EMAIL_USE_SSL:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=settings.EMAIL_TIMEOUT, context=context)
    return smtplib.SMTP(host, port, local_hostname=name, timeout=settings.EMAIL_TIMEOUT)


def _log_in(server: smtplib.SMTP) -> None:
    try:
        server.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except (smtplib.SMTPException, OSError) as error:
        raise classified(error) from error


def _no(code: int, said: str) -> Rejected | Later:
    if code >= PERMANENT:
        return Rejected("REFUSED_BY_SERVER", f"the mail server refused it ({said})")
    return Later(f"the mail server says later ({said})")


def _nobody(verdict: Verdict) -> Rejected | Later:
    first = next(iter((verdict.deferred or verdict.refused).values()))
    if verdict.deferred:
        return Later(f"the mail server says later ({first})", undelivered=verdict.refused)
    reason = f"the mail server refused every recipient ({first})"
    return Rejected("REFUSED_BY_SERVER", reason, verdict.refused)


def _stuffed(content: bytes) -> bytes:
    """A line that begins with a dot begins with two; the last line is ended."""
    lines = content.replace(b"\r\n.", b"\r\n..")
    lines = b"." + lines if lines.startswith(b".") else lines
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _words(reply: bytes | str) -> str:
    text = " ".join((reply if isinstance(reply, str) else reply.decode("utf-8", "replace")).split())
    return "".join(letter for letter in text if letter.isprintable())[:SAID]
