"""A mail server outside of the system under test, which hangs up in every phase of a dialogue as its dice want.

It writes down what it took, and how far each mail had come when its dialogue ended.
"""

from __future__ import annotations

import random
import socket
import socketserver
import threading
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from email_automation.drill.words import BODY
from jobs.drill import outside

DIALOGUES = "dialogues"  # the file of how far each mail came, once for each dialogue
UNFINISHED, WHOLE, ENDED = "unfinished", "whole", "ended"  # the mail was not all there; was; and so was its dot
CHANCES = {
    "drop at greeting": 0.005,
    "drop at mail": 0.005,
    "drop at rcpt": 0.02,
    "later at rcpt": 0.03,
    "drop at data": 0.005,
    "drop in the mail": 0.005,
    "drop before the dot": 0.01,
    "later at the dot": 0.02,
    "drop at the dot": 0.01,
    "take and drop": 0.03,
    "drop after the answer": 0.01,
}
LAST_LINE = BODY.encode()


class MailServer:
    """Listens on a free port of loopback, in threads of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        dice = _Dice(seed)
        handler = type("Handler", (_Dialogue,), {"folder": folder, "dice": dice})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64


class _Dice:
    def __init__(self, seed: int) -> None:
        self._dice = random.Random(f"{seed} mail server")  # noqa: S311 - a plan that can be repeated, no secret
        self._lock = threading.Lock()

    def say(self, what: str) -> bool:
        with self._lock:
            return self._dice.random() < CHANCES[what]


class _HungUp(Exception):
    """By either side."""


class _Dialogue(socketserver.StreamRequestHandler):
    folder: ClassVar[Path]
    dice: ClassVar[_Dice]
    timeout = 60

    def handle(self) -> None:
        self._key, self._phase, self._answer = "", UNFINISHED, ""
        self._in_mail = self._goodbye = False
        try:
            with suppress(_HungUp, OSError):
                self._talk()
            with suppress(_HungUp, OSError):
                self._listen_on()
        finally:
            if self._key:
                self._write_down()

    def _talk(self) -> None:
        self._drop_by_chance("drop at greeting")
        self._say("220 drill")
        while not self._goodbye:
            self._command(self._line().decode("ascii", "replace"))

    def _listen_on(self) -> None:
        """Whatever it still says is written down too: whether its dot was on its way decides what it may believe."""
        while True:
            self._mail() if self._in_mail else self._line()

    def _write_down(self) -> None:
        entry = {"key": self._key, "phase": self._phase, "answer": self._answer, "goodbye": self._goodbye}
        outside.add(self.folder / DIALOGUES, durable=True, **entry)

    def _command(self, line: str) -> None:
        match line[:4].upper():
            case "EHLO" | "HELO":
                self._say("250 drill")
            case "MAIL":
                self._drop_by_chance("drop at mail")
                self._say("250 go on")
            case "RCPT":
                self._rcpt(line.partition("<")[2].partition("@")[0])
            case "DATA":
                self._data()
            case "QUIT":
                self._goodbye = True
                self._say("221 bye")
            case _:
                self._say("502 what")

    def _rcpt(self, key: str) -> None:
        self._key = key
        self._drop_by_chance("drop at rcpt")
        self._say("450 later" if self.dice.say("later at rcpt") else "250 go on")

    def _data(self) -> None:
        self._drop_by_chance("drop at data")
        self._say("354 go on")
        self._in_mail = True
        self._drop_by_chance("drop in the mail")
        self._mail(until=WHOLE)
        self._drop_by_chance("drop before the dot")
        self._mail()
        self._drop_by_chance("drop at the dot")
        if self.dice.say("later at the dot"):
            return self._finally("451 later")
        outside.add(self.folder / outside.EFFECTS, durable=True, key=self._key)
        self._drop_by_chance("take and drop")
        self._finally("250 taken")
        self._drop_by_chance("drop after the answer")
        return None

    def _mail(self, until: str = ENDED) -> None:
        while self._phase != until:
            line = self._line()
            if line == LAST_LINE:
                self._phase = WHOLE
            elif line == b"." and self._phase == WHOLE:
                self._phase = ENDED
        self._in_mail = self._phase != ENDED

    def _finally(self, answer: str) -> None:
        self._answer = answer
        self._say(answer)

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line:
            raise _HungUp
        return line.rstrip(b"\r\n")

    def _say(self, reply: str) -> None:
        self.wfile.write(reply.encode() + b"\r\n")

    def _drop_by_chance(self, what: str) -> None:
        if self.dice.say(what):
            self.connection.shutdown(socket.SHUT_WR)
            raise _HungUp
