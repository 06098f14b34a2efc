"""As much of Gmail as sending takes, outside of the system under test: it answers badly as its dice want, and writes
down what it sent. It keeps no thread and gives every mail an id and a Message-ID of its own."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from email_automation.drill.gmail_quota import Allowance
from jobs.drill import outside

ORPHANS = "orphans"  # the file of drafts that were left over
CHANCES = {
    "made and cut": 0.04,
    "made and 503": 0.02,
    "sent and cut": 0.06,
    "cut": 0.03,
    "sent and 503": 0.03,
}
Answer = tuple[int, dict[str, Any]]
HASTE: Answer = (429, {"error": {"code": 429, "message": "slow down", "errors": [{"reason": "rateLimitExceeded"}]}})
UNAVAILABLE: Answer = (503, {"error": {"code": 503, "message": "backend error"}})
NOWHERE: Answer = (404, {"error": {"code": 404, "message": "Requested entity was not found."}})


@dataclass
class Box:
    folder: Path
    dice: random.Random
    lock: threading.Lock = field(default_factory=threading.Lock)
    drafts: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)  # oldest first
    made: int = 0
    allowance: Allowance = field(default_factory=lambda: Allowance(time.monotonic()))

    def asked(self, answer: Callable[[], Answer | None]) -> Answer | None:
        """One call after the other; none is looked at that comes too fast."""
        with self.lock:
            return answer() if self.allowance.takes(time.monotonic()) else HASTE

    def create(self, body: dict[str, Any]) -> Answer | None:
        """None: the connection is cut."""
        number = self._next()
        self.drafts[f"r{number}"] = base64.urlsafe_b64decode(body["message"]["raw"])
        if self._happens("made and cut"):
            return None
        if self._happens("made and 503"):
            return UNAVAILABLE
        return 200, {"id": f"r{number}", "message": {"id": f"m{number}", "threadId": f"r{number}"}}

    def send(self, body: dict[str, Any]) -> Answer | None:
        """None: the connection is cut."""
        if self._happens("cut"):
            return None
        raw = self.drafts.pop(body["id"], None)
        if raw is None:
            return NOWHERE
        message = f"s{self._next()}"
        outside.add(self.folder / outside.EFFECTS, durable=True, key=str(message_from_bytes(raw)["Subject"]))
        self.sent[message] = raw
        if self._happens("sent and cut"):
            return None
        if self._happens("sent and 503"):
            return UNAVAILABLE
        return 200, {"id": message, "threadId": message, "labelIds": ["SENT"]}

    def newest(self, query: str, begin: int, most: int) -> Answer:
        """A page of what was sent."""
        found = _found(self.sent, query)
        following = {"nextPageToken": str(begin + most)} if len(found) > begin + most else {}
        return 200, {"messages": [{"id": one} for one in found[begin : begin + most]], **following}

    def newest_drafts(self, query: str, most: int) -> Answer:
        found = _found(self.drafts, query)[:most]
        return 200, {"drafts": [{"id": one, "message": {"id": f"m{one[1:]}"}} for one in found]}

    def draft(self, draft: str) -> Answer:
        return (200, {"id": draft, "message": {"id": f"m{draft[1:]}"}}) if draft in self.drafts else NOWHERE

    def delete(self, draft: str) -> Answer:
        return (200, {}) if self.drafts.pop(draft, None) else NOWHERE

    def message(self, message: str) -> Answer:
        raw = self.sent.get(message) or self.drafts.get(f"r{message[1:]}")
        if raw is None:
            return NOWHERE
        mail = message_from_bytes(raw)
        headers = [{"name": name, "value": str(mail[name])} for name in ("Subject", "To", "X-Fikiri-Mail")]
        headers.append({"name": "Message-ID", "value": f"<{message}@mail.gmail.com>"})
        return 200, {"id": message, "threadId": message, "labelIds": ["SENT"], "payload": {"headers": headers}}

    def _next(self) -> int:
        self.made += 1
        return self.made

    def _happens(self, what: str) -> bool:
        return self.dice.random() < CHANCES[what]


def _found(mails: dict[str, bytes], query: str) -> list[str]:
    """Newest first. What is to somebody is found, and no Message-ID, as if Gmail had replaced it."""
    name, _, value = query.partition(":")
    return [one for one, raw in reversed(mails.items()) if not query or (name == "to" and value.encode() in raw)]


class GmailServer:
    """Listens on a free port of loopback from `start` to `stop`."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._box = Box(folder, random.Random(f"{seed} gmail"))  # noqa: S311 - a plan that can be repeated, no secret
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"box": self._box}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def write_down_orphans(self) -> None:
        """Drafts that nobody has sent, once nobody is going to."""
        for raw in self._box.drafts.values():
            outside.add(self._box.folder / ORPHANS, key=str(message_from_bytes(raw)["Subject"]))

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    box: ClassVar[Box]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        act = self.box.send if self.path.endswith("/drafts/send") else self.box.create
        self._say(self.box.asked(lambda: act(body)))

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        kind, _, last = url.path.rpartition("/")
        asked = dict(parse_qsl(url.query))
        query, begin, most = asked.get("q", ""), int(asked.get("pageToken", 0)), int(asked.get("maxResults", 100))
        match last:
            case "messages":
                self._say(self.box.asked(lambda: self.box.newest(query, begin, most)))
            case "drafts":
                self._say(self.box.asked(lambda: self.box.newest_drafts(query, most)))
            case _:
                one = self.box.draft if kind.endswith("/drafts") else self.box.message
                self._say(self.box.asked(lambda: one(last)))

    def do_DELETE(self) -> None:
        self._say(self.box.asked(lambda: self.box.delete(self.path.rpartition("/")[2])))

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
