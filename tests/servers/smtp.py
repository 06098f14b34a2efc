"""An SMTP server on loopback that breaks where it is told to, and keeps a ledger of every mail that it took.

    with serving(tmp_path / "ledger") as server:
        server.breaks.append(Break("dot", "drop"))  # takes the mail, and hangs up without a word

The ledger is a file that is only appended to: a mail is in it once the server is answerable for it, whatever the client
hears of that.
"""

from __future__ import annotations

import base64
import json
import os
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, ClassVar

PHASES = ("banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content", "dot", "taken")


@dataclass(frozen=True)
class Break:
    """In one connection, in one phase: hang up, fall silent, or say something else.

    phase: `content`: while the mail is on its way. `dot`: the mail is taken, and its answer is broken. `taken`: after
        the answer.
    how: `drop`, `hang`, or a reply such as `450 later`.
    recipient: Only for this one, in phase `rcpt`.
    """

    phase: str
    how: str
    recipient: str = ""


@dataclass
class Server:
    """`login`: what it wants, if anything. `offers`: what it says after EHLO."""

    ledger: Path
    port: int = 0
    login: tuple[str, str] | None = None
    offers: list[str] = field(default_factory=lambda: ["SIZE 33554432", "8BITMIME"])
    tls: ssl.SSLContext | None = None
    breaks: deque[Break] = field(default_factory=deque)
    dialogues: list[list[str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def take(self, sender: str, recipients: list[str], content: bytes) -> None:
        entry = {"from": sender, "to": recipients, "content": base64.b64encode(content).decode()}
        file = os.open(self.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        with os.fdopen(file, "ab") as ledger:
            ledger.write(json.dumps(entry).encode() + b"\n")
            ledger.flush()
            os.fsync(ledger.fileno())

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The ledger, oldest first."""
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(base64.b64decode(one["content"]), policy=SMTP) for one in self.taken]

    @property
    def contents(self) -> list[bytes]:
        return [base64.b64decode(one["content"]) for one in self.taken]


class HangUp(Exception):
    """The connection ends without a word."""


class Dialogue(socketserver.StreamRequestHandler):
    state: ClassVar[Server]
    timeout = 60

    def handle(self) -> None:
        self._break = self.state.breaks.popleft() if self.state.breaks else Break("", "")
        self._lines: list[str] = []
        self.state.dialogues.append(self._lines)
        self._sender, self._recipients = "", list[str]()
        self._is_in = self.state.login is None
        with suppress(HangUp, OSError, ssl.SSLError):
            self._say("banner", "220 tests")
            while self._command():
                pass

    def _command(self) -> bool:
        line = self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            return False
        self._lines.append(line)
        verb = line[:4].upper()
        match verb:
            case "EHLO" | "HELO":
                self._ehlo()
            case "STAR":
                self._starttls()
            case "AUTH":
                self._auth(line)
            case "MAIL":
                self._sender = line.partition("<")[2].partition(">")[0]
                self._recipients = []
                self._say("mail", "250 go on" if self._is_in else "530 log in first")
            case "RCPT":
                self._rcpt(line.partition("<")[2].partition(">")[0])
            case "DATA":
                self._data()
            case "RSET":
                self._write("250 forgotten")
            case "QUIT":
                self._write("221 bye")
                return False
            case _:
                self._write("502 what")
        return True

    def _ehlo(self) -> None:
        offers = ["tests", *self.state.offers, *(["AUTH PLAIN"] if self.state.login else [])]
        offers += ["STARTTLS"] if self.state.tls and not isinstance(self.connection, ssl.SSLSocket) else []
        text = "\r\n".join(f"250-{one}" for one in offers[:-1])
        self._say("ehlo", f"{text}\r\n250 {offers[-1]}" if text else f"250 {offers[-1]}")

    def _starttls(self) -> None:
        assert self.state.tls is not None
        self._say("starttls", "220 go on")
        self.connection = self.state.tls.wrap_socket(self.connection, server_side=True)
        self.setup_files()

    def finish(self) -> None:
        super().finish()
        self.connection.close()
        self.state.hung_up.set()

    def setup_files(self) -> None:
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = socketserver._SocketWriter(self.connection)  # type: ignore[attr-defined]

    def _auth(self, line: str) -> None:
        given = base64.b64decode(line.rsplit(maxsplit=1)[-1]).decode().split("\0")[1:]
        self._is_in = tuple(given) == self.state.login
        self._say("auth", "235 welcome" if self._is_in else "535 5.7.8 wrong password")

    def _rcpt(self, recipient: str) -> None:
        broken = self._break.phase == "rcpt" and self._break.recipient in ("", recipient)
        if broken and self._break.how not in ("drop", "hang"):
            return self._write(self._break.how)
        if broken:
            self._fall(self._break.how)
        self._recipients.append(recipient)
        self._write("250 go on")
        return None

    def _data(self) -> None:
        self._say("data", "354 go on")
        if self._break.phase == "data" and self._break.how[:1].isdigit():
            return
        if self._break.phase == "content":
            self.rfile.readline()
            self._fall(self._break.how)
        content = b""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise HangUp
            content += line[1:] if line.startswith(b".") else line
        refused = self._break.phase == "dot" and self._break.how[:1] in ("4", "5")
        if not refused:
            self.state.take(self._sender, self._recipients, content)
        self._say("dot", "250 2.0.0 queued as 4F3D")
        if self._break.phase == "taken":
            self._fall(self._break.how)

    def _say(self, phase: str, reply: str) -> None:
        """The usual reply, or what the break of this phase does instead."""
        if self._break.phase != phase:
            return self._write(reply)
        if self._break.how in ("drop", "hang"):
            self._fall(self._break.how)
        return self._write(self._break.how)

    def _fall(self, how: str) -> None:
        if how == "hang":
            self.state.closing.wait(60)
        raise HangUp

    def _write(self, reply: str) -> None:
        self._lines.append(f"> {reply}")
        self.wfile.write(reply.encode() + b"\r\n")


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True


@contextmanager
def serving(ledger: Path) -> Iterator[Server]:
    """A server as long as the block lasts."""
    state = Server(ledger)
    listener = Listener(("127.0.0.1", 0), type("TheirDialogue", (Dialogue,), {"state": state}))
    state.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        listener.shutdown()
        thread.join()
        listener.server_close()
