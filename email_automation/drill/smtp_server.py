"""A mail server outside of the system under test, which hangs up as its dice want, and writes down what it took."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Coroutine
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from jobs.drill import outside

HOST = "127.0.0.1"
UNKNOWN = "unknown"  # the file of mails whose answer never came
CHANCES = {"rcpt drop": 0.02, "rcpt later": 0.03, "later": 0.02, "took and hung up": 0.03, "hung up": 0.01}


class MailServer(Controller):
    """Listens on a free port of loopback, in a thread of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(f"{seed} mail server")  # noqa: S311 - a plan that can be repeated, no secret
        self.lock = threading.Lock()
        self._listening = socket.create_server((HOST, 0))
        port: int = self._listening.getsockname()[1]
        super().__init__(_Handler(folder, self.happens), hostname=HOST, port=port)

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        """On a port that is taken from the first moment; the library would only be told its number."""
        return self.loop.create_server(self._factory_invoker, sock=self._listening)

    def happens(self, what: str) -> bool:
        with self.lock:
            return self.dice.random() < CHANCES[what]


class _Handler:
    def __init__(self, folder: Path, happens: object) -> None:
        self._folder = folder
        self._happens = happens

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._does("rcpt drop"):
            return _hang_up(server)
        if self._does("rcpt later"):
            return "450 later"
        envelope.rcpt_tos.append(address)
        return "250 go on"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        key = str(message_from_bytes(envelope.original_content or b"")["Subject"])
        if self._does("later"):
            return "451 later"
        if self._does("hung up"):
            outside.add(self._folder / UNKNOWN, durable=True, key=key, took=False)
            return _hang_up(server)
        outside.add(self._folder / outside.EFFECTS, durable=True, key=key)
        if self._does("took and hung up"):
            outside.add(self._folder / UNKNOWN, durable=True, key=key, took=True)
            return _hang_up(server)
        return "250 taken"

    def _does(self, what: str) -> bool:
        assert callable(self._happens)
        return bool(self._happens(what))


def _hang_up(server: SMTP) -> str:
    """Without a word; the reply is what the library wants to see."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return "421 gone"
