"""The server: who asks, what goes wrong, what is written down."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.gmail import discovery
from tests.servers.gmail.box import Box
from tests.servers.gmail.calls import Request, find, uploaded
from tests.servers.gmail.faults import Cut, Fault, Refusal
from tests.servers.gmail.units import Allowance


@dataclass(frozen=True)
class Asked:
    """One request, as it is written down: with which token, whose that is, for what, and what came of it."""

    at: float
    token: str
    address: str
    call: str
    id: str
    status: int
    """0: it was cut."""
    done: bool
    """Whether what was asked for was done, whatever was answered."""


class GmailServer:
    """Gmail of any number of accounts, on a free port of loopback.

    Args:
        ledger: A file to which each request is appended too, before it is answered.
    """

    def __init__(self, ledger: Path | None = None) -> None:
        self.boxes: dict[str, Box] = {}
        self.tokens: dict[str, str] = {}  # access token: address
        self.refresh_tokens: dict[str, str] = {}
        self.allowances: dict[str, Allowance] = {}
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.refreshed: list[str] = []
        self.wrong: list[str] = []
        self._ledger = ledger
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self._http.sockets = self._sockets
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        for one in list(self._sockets):  # clients keep their connections
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._http.server_close()
        assert not self.wrong, self.wrong

    @property
    def url(self) -> str:
        """What takes the place of https://gmail.googleapis.com."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def account(self, address: str, token: str = "", refresh_token: str = "") -> Box:
        """A new account, with an access token and a refresh token."""
        box = self.boxes[address] = Box(address)
        self.tokens[token or f"access-{address}"] = address
        self.refresh_tokens[refresh_token or f"refresh-{address}"] = address
        self.allowances[address] = Allowance()
        return box

    def revoke(self, address: str) -> None:
        """The account's owner takes everything back."""
        self.end_tokens(address)
        self.refresh_tokens = {key: value for key, value in self.refresh_tokens.items() if value != address}

    def end_tokens(self, address: str) -> None:
        """The account's access tokens are good no more; a new one is to be had."""
        self.tokens = {key: value for key, value in self.tokens.items() if value != address}

    def fault(self, call: str = "", **what: Any) -> Fault:
        """Have something go wrong."""
        fault = Fault(call, **what)
        self.faults.append(fault)
        return fault

    def calls(self, call: str) -> list[Asked]:
        """The requests of one name so far."""
        return [asked for asked in self.asked if asked.call == call]

    def answer(
        self, verb: str, path: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], bytes, Fault | None]:
        """Status, headers and body. Raises Cut where there is no answer."""
        url = urlsplit(path)
        if url.path == "/token":
            return self._refresh(parse_qs(body.decode()))
        token = (headers["authorization"] or "").removeprefix("Bearer ")
        note: dict[str, Any] = {
            "token": token,
            "address": self.tokens.get(token, ""),
            "call": "",
            "id": "",
            "status": 0,
        }
        note["done"] = False
        try:
            return self._call(verb, url.path, parse_qs(url.query), headers, body, note)
        except Refusal as refusal:
            note["status"] = refusal.status
            return refusal.status, refusal.headers, refusal.body, None
        finally:
            self._write_down(Asked(at=time.time(), **note))

    def _call(
        self, verb: str, path: str, params: dict[str, list[str]], headers: Any, body: bytes, note: dict[str, Any]
    ) -> tuple[int, dict[str, str], bytes, Fault | None]:
        note["call"], user, note["id"], do = find(verb, path)
        fault = self._struck(note["call"])
        if fault and fault.do:
            fault.do()
        if fault and not fault.after_commit and not fault.half:
            fault.strike()
        if note["token"] not in self.tokens:
            raise Refusal(401, "authError", "Request had invalid authentication credentials.")
        if user not in ("me", note["address"]):
            raise Refusal(403, "forbidden", f"Delegation denied for {note['address']}")
        self.allowances[note["address"]].take(note["call"])
        box = self.boxes[note["address"]]
        content_type = headers["content-type"] or ""
        about, raw = uploaded(content_type, body) if path.startswith("/upload") else (json.loads(body or b"{}"), None)
        with box.lock:
            answer = do(box, Request(params, about, raw, note["id"]))
        note["done"] = True
        with self._lock:
            self.wrong += discovery.problems(note["call"], answer)
        if fault:
            fault.strike() if not fault.half else None
        note["status"] = 204 if answer is None else 200
        return note["status"], {}, b"" if answer is None else json.dumps(answer).encode(), fault

    def _struck(self, call: str) -> Fault | None:
        with self._lock:
            struck = [fault for fault in self.faults if fault.strikes(call)]
        return struck[0] if struck else None

    def _refresh(self, form: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes, Fault | None]:
        address = self.refresh_tokens.get(form.get("refresh_token", [""])[0])
        with self._lock:
            self.refreshed.append(address or "")
        if address is None:
            body = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return 400, {}, json.dumps(body).encode(), None
        token = f"access-{len(self.refreshed)}-{address}"
        self.tokens[token] = address
        answer = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        return 200, {}, json.dumps(answer).encode(), None

    def _write_down(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)
            if self._ledger:
                with self._ledger.open("a") as file:
                    file.write(json.dumps(asdict(asked)) + "\n")
                    file.flush()
                    os.fsync(file.fileno())


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    sockets: set[socket.socket]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.sockets.discard(request)
        super().shutdown_request(request)


def _handler(server: GmailServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            try:
                status, headers, content, fault = server.answer(self.command, self.path, self.headers, body)
            except Cut:
                self.close_connection = True
                return
            content = fault.garbage if fault and fault.garbage else content
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if fault and fault.half:
                content = content[: len(content) // 2]
                self.close_connection = True
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_DELETE(self) -> None:
            self.answer()

        def log_message(self, *_: object) -> None:
            """Tests read `asked` instead."""

    return Handler
