"""A token server on loopback that speaks as much of Google's as refreshing and revoking take, and that keeps count."""

from __future__ import annotations

import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class TokenServer:
    """`owners`: which refresh token is whose. `answers`: what it says instead, once each: a status and a body."""

    url: str = ""
    owners: dict[str, str] = field(default_factory=dict)
    issued: dict[str, str] = field(default_factory=dict)  # access tokens, and whose they are
    refreshes: Counter[str] = field(default_factory=Counter)
    revoked: list[str] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    busy: threading.Event = field(default_factory=threading.Event)  # set: it answers at once
    lock: threading.Lock = field(default_factory=threading.Lock)

    def grant(self, owner: str) -> str:
        """A refresh token of somebody's."""
        token = f"1//{owner}-{secrets.token_urlsafe(8)}"
        self.owners[token] = owner
        return token

    def token(self, form: dict[str, str]) -> tuple[int, Any]:
        with self.lock:
            refresh = form.get("refresh_token", "")
            self.refreshes[refresh] += 1
            if self.answers:
                return self.answers.pop(0)
            if refresh not in self.owners:
                return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            access = f"ya29.{secrets.token_urlsafe(24)}"
            self.issued[access] = self.owners[refresh]
            return 200, {"access_token": access, "expires_in": 3599, "token_type": "Bearer", "scope": "all"}

    def revoke(self, form: dict[str, str]) -> tuple[int, Any]:
        with self.lock:
            token = form.get("token", "")
            self.revoked.append(token)
            if self.answers:
                return self.answers.pop(0)
            known = self.owners.pop(token, None)
            return (200, {}) if known else (400, {"error": "invalid_token"})


@contextmanager
def serving() -> Iterator[TokenServer]:
    """A server as long as the block lasts."""
    state = TokenServer()
    state.busy.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            state.busy.wait(30)
            status, body = (state.revoke if self.path == "/revoke" else state.token)(form)
            text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        state.busy.set()
        server.shutdown()
        thread.join()
        server.server_close()
