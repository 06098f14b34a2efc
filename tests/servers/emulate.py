"""`emulate`, which nobody here wrote: Google's consent page and its token server, with PKCE. bin/test installs it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from tests.servers.ports import free_port
from tests.servers.programs import ROOT, Programs, eventually

PROGRAM = ROOT / "tests" / "judges" / "node_modules" / "emulate" / "dist" / "index.js"
PATIENCE = 60.0  # seconds
CLIENT = ("client-id.apps.googleusercontent.com", "GOCSPX-secret")
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        return None


class Emulate:
    """The Google of these users, ready when this is made."""

    def __init__(self, programs: Programs, folder: Path, *users: str, redirect_uri: str) -> None:
        assert PROGRAM.exists(), "emulate is not installed: run bin/test, or `npm ci --ignore-scripts` in tests/judges"
        client = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "redirect_uris": [redirect_uri]}
        people = [{"email": user, "name": user} for user in users]
        seed = folder / "emulate.json"
        seed.write_text(json.dumps({"google": {"users": people, "oauth_clients": [client]}}))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = ("start", "--service", "google", "--port", str(port), "--base-url", self.url, "--seed", str(seed))
        self._program = programs.start("node", str(PROGRAM), *arguments)
        eventually(self._answers, PATIENCE, "emulate")

    def consent(self, url: str, owner: str) -> str:
        """Open the page that an owner is sent to, press the owner's button; where the browser is sent back to."""
        with urllib.request.urlopen(url) as page:
            forms = page.read().decode().split("<form")[1:]
        fields = [{name: unescape(value) for name, value in HIDDEN.findall(form)} for form in forms]
        [chosen] = [form for form in fields if form.get("email") == owner]
        pressed = urllib.request.Request(f"{self.url}/o/oauth2/v2/auth/callback", urlencode(chosen).encode())
        try:
            urllib.request.build_opener(_Stay).open(pressed).close()
        except urllib.error.HTTPError as answer:  # where a browser would be sent is what is looked at
            with answer:
                return str(answer.headers["Location"])
        raise AssertionError("The page sent nobody back.")

    def revoke(self, token: str) -> None:
        """As the owner does on Google's page of permissions."""
        urllib.request.urlopen(f"{self.url}/oauth2/revoke", urlencode({"token": token}).encode()).close()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/.well-known/openid-configuration", timeout=5).close()
        except OSError:
            return False
        return True
