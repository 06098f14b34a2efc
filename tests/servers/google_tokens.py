"""Google's accounts on loopback: consents with PKCE, refreshing, revoking; it keeps count, and errs as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

Said = tuple[int, Any]


@dataclass
class TokenServer:
    """`owners`: which refresh token is whose. `answers`: what it says instead, once each: a status and a body."""

    url: str = ""
    owners: dict[str, str] = field(default_factory=dict)
    issued: dict[str, str] = field(default_factory=dict)  # access tokens, and whose they are
    refreshes: Counter[str] = field(default_factory=Counter)
    revoked: list[str] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)  # of what a consent's token says
    consents: dict[str, dict[str, str]] = field(default_factory=dict)  # by code
    busy: threading.Event = field(default_factory=threading.Event)  # set: it answers at once
    lock: threading.Lock = field(default_factory=threading.Lock)

    def grant(self, owner: str) -> str:
        """A refresh token of somebody's."""
        token = f"1//{owner}-{secrets.token_urlsafe(8)}"
        self.owners[token] = owner
        return token

    def consent(self, url: str, owner: str, *, ticked: str | None = None) -> dict[str, str]:
        """What the owner's browser brings back from the page that it was sent to, all boxes or these ticked."""
        asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
        code = secrets.token_urlsafe(16)
        self.consents[code] = asked | {"owner": owner, "scope": asked["scope"] if ticked is None else ticked}
        return {"state": asked["state"], "code": code, "scope": self.consents[code]["scope"]}

    def token(self, form: dict[str, str]) -> Said:
        with self.lock:
            if form["grant_type"] == "authorization_code":
                return self.answers.pop(0) if self.answers else self._exchanged(form)
            return self._refreshed(form)

    def revoke(self, form: dict[str, str]) -> Said:
        with self.lock:
            self.revoked.append(form.get("token", ""))
            if self.answers:
                return self.answers.pop(0)
            known = self.owners.pop(form.get("token", ""), None)
            return (200, {}) if known else (400, {"error": "invalid_token"})

    def _refreshed(self, form: dict[str, str]) -> Said:
        refresh = form.get("refresh_token", "")
        self.refreshes[refresh] += 1
        if self.answers:
            return self.answers.pop(0)
        if refresh not in self.owners:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        return 200, {"access_token": self._access(self.owners[refresh]), "expires_in": 3599, "token_type": "Bearer"}

    def _exchanged(self, form: dict[str, str]) -> Said:
        asked = self.consents.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant", "error_description": "Malformed auth code."}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "Invalid code verifier."}
        token = {
            "access_token": self._access(asked["owner"]),
            "refresh_token": self.grant(asked["owner"]),
            "id_token": id_token({"aud": asked["client_id"], "email": asked["owner"]}),
            "expires_in": 3599,
            "scope": asked["scope"],
            "token_type": "Bearer",
        }
        return 200, {name: value for name, value in (token | self.changes).items() if value is not None}

    def _access(self, owner: str) -> str:
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.issued[token] = owner
        return token


def id_token(claims: dict[str, str]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "c2lnbmF0dXJl"])


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

        def do_GET(self) -> None:
            """Whose a token is, for a mail server that asks."""
            owner = state.issued.get(parse_qs(urlsplit(self.path).query).get("access_token", [""])[0])
            text = json.dumps({"email": owner} if owner else {"error": "invalid_token"}).encode()
            self.send_response(200 if owner else 400)
            self.send_header("Content-Type", "application/json")
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
