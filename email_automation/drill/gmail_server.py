"""As much of Gmail as sending takes, outside of the system under test: it answers badly as its dice want, and writes
down what it sent. It keeps no thread and gives every mail an id and a Message-ID of its own."""

from __future__ import annotations

import base64
import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jobs.drill import outside

CHANCES = {"sent and cut": 0.06, "cut": 0.03, "sent and 503": 0.03, "429": 0.02}
Answer = tuple[int, dict[str, Any]]


@dataclass
class Box:
    folder: Path
    dice: random.Random
    lock: threading.Lock = field(default_factory=threading.Lock)
    drafts: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)  # oldest first
    made: int = 0

    def create(self, body: dict[str, Any]) -> Answer:
        draft = f"r{self._next()}"
        self.drafts[draft] = base64.urlsafe_b64decode(body["message"]["raw"])
        return 200, {"id": draft, "message": {"id": f"m{self._next()}", "threadId": draft}}

    def send(self, body: dict[str, Any]) -> Answer | None:
        """None: the connection is cut."""
        if self._happens("429"):
            return 429, {"error": {"code": 429, "message": "slow down", "errors": [{"reason": "rateLimitExceeded"}]}}
        if self._happens("cut"):
            return None
        raw = self.drafts.pop(body["id"], None)
        if raw is None:
            return 404, {"error": {"code": 404, "message": "Requested entity was not found."}}
        message = f"s{self._next()}"
        outside.add(self.folder / outside.EFFECTS, durable=True, key=str(message_from_bytes(raw)["Subject"]))
        self.sent[message] = raw
        if self._happens("sent and cut"):
            return None
        if self._happens("sent and 503"):
            return 503, {"error": {"code": 503, "message": "backend error"}}
        return 200, {"id": message, "threadId": message, "labelIds": ["SENT"]}

    def newest(self) -> Answer:
        return 200, {"messages": [{"id": one} for one in reversed(self.sent)][:500]}

    def message(self, message: str) -> Answer:
        raw = self.sent.get(message)
        if raw is None:
            return 404, {"error": {"code": 404, "message": "Requested entity was not found."}}
        mail = message_from_bytes(raw)
        headers = [{"name": name, "value": str(mail[name])} for name in ("Subject", "To", "X-Fikiri-Mail")]
        headers.append({"name": "Message-ID", "value": f"<{message}@mail.gmail.com>"})
        return 200, {"id": message, "threadId": message, "labelIds": ["SENT"], "payload": {"headers": headers}}

    def _next(self) -> int:
        self.made += 1
        return self.made

    def _happens(self, what: str) -> bool:
        return self.dice.random() < CHANCES[what]


class GmailServer:
    """Listens on a free port of loopback from `start` to `stop`."""

    def __init__(self, folder: Path, seed: int) -> None:
        box = Box(folder, random.Random(f"{seed} gmail"))  # noqa: S311 - a plan that can be repeated, no secret
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(box))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _handler(box: Box) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            with box.lock:
                answer = box.send(body) if self.path.endswith("/drafts/send") else box.create(body)
            self._say(answer)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            with box.lock:
                self._say(box.newest() if path.endswith("/messages") else box.message(path.rpartition("/")[2]))

        def _say(self, answer: Answer | None) -> None:
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, body = answer
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):  # the client died, or was hung up on
                return

    return Handler
