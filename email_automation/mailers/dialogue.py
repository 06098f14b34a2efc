"""A dialogue with an SMTP server that knows where it stands: until the final dot is on its way, a mail has surely not
gone; from then on only the server's answer says so. `smtplib` does not tell the two apart."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings

from email_automation.mailers.base import Later, Rejected
from email_automation.mailers.server import (
    LOGIN_REFUSED,
    PERMANENT,
    Connection,
    Remedies,
    Server,
    classified,
    logged_in,
    refusal,
    words,
)
from jobs.effects import Unclear

LOGIN_WANTED = 530
TOO_LONG = "the mail server took too long over its answers"


@dataclass
class Verdict:
    """What the server said of each recipient."""

    accepted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    deferred: dict[str, str] = field(default_factory=dict)


class Dialogue:
    """One connection. Every step has its time, and all steps before the dot have one together."""

    def __init__(self, server: Connection, deadline: float, remedies: Remedies) -> None:
        self._server = server
        self._deadline = deadline
        self._remedies = remedies

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
            raise refusal(code, said)
        self._step(lambda: self._server.send(_stuffed(content)))
        last_step()
        if self._has_spoken():  # before the dot a server has nothing to say but that it takes nothing any more
            raise Later("the mail server hung up before the end of the mail")
        if not self._server.allow(answer_within):
            raise Later(TOO_LONG)
        try:
            self._wait_at_most(answer_within)
            self._server.send(b".\r\n")
            code, reply = self._server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            # Between the dot and the answer: sending again might send twice.
            raise Unclear(f"the mail server went away while it took the mail ({type(error).__name__})") from error
        if 200 <= code < 300:
            return words(reply)
        if 400 <= code < 600:
            raise refusal(code, f"{code} {words(reply)}")
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
            raise Rejected(LOGIN_REFUSED, f"the mail server wants a login ({said}). {self._remedies.login}")
        if not 200 <= code < 300:
            raise refusal(code, said)

    def _step(self, step: Callable[[], tuple[int, bytes] | None]) -> tuple[int, str]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Later(TOO_LONG)
        self._wait_at_most(min(settings.EMAIL_TIMEOUT, left))
        try:
            answer = step()
        except (smtplib.SMTPException, OSError) as error:
            raise classified(error, self._remedies) from error
        code, reply = answer or (0, b"")
        return code, f"{code} {words(reply)}"

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
def connected(server: Server, seconds: float) -> Iterator[Dialogue]:
    """A server that has let us in; `seconds` are for everything before the dot.

    Raises:
        Rejected, Later: it did not.
    """
    deadline = time.monotonic() + seconds
    with logged_in(server, seconds) as connection:
        yield Dialogue(connection, deadline, server.remedies)


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
