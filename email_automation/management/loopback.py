"""A page on this machine that a browser is sent back to, once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

THANKS = b"Done. You can close this page and go back to the terminal.\n"


class NoAnswer(Exception):
    """Nobody came back in time."""


class Redirect(HTTPServer):
    """Listens on 127.0.0.1 as long as the block lasts."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Page)
        self.brought: Mapping[str, str] = {}

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def answer(self, timeout: float) -> Mapping[str, str]:
        """The parameters that the browser brings. What else it asks for, such as an icon, is not them.

        Raises:
            NoAnswer: none came within so many seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.brought:
            self.timeout = deadline - time.monotonic()
            if self.timeout <= 0:
                raise NoAnswer
            self.handle_request()
        return self.brought


class _Page(BaseHTTPRequestHandler):
    server: Redirect
    timeout = 5  # seconds for one that connects and says nothing

    def do_GET(self) -> None:
        given = dict(parse_qsl(urlsplit(self.path).query))
        if "state" in given:
            self.server.brought = given
        self.send_response(200 if "state" in given else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(THANKS if "state" in given else b"")

    def log_message(self, *_: Any) -> None:
        """Nothing: the address holds the code."""
