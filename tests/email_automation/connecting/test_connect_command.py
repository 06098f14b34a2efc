"""An account is connected from a terminal, with a browser on this machine or anywhere else."""

import builtins
import threading
import urllib.request
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from email_automation.models import Account
from tests.servers.google_tokens import TokenServer

pytestmark = pytest.mark.django_db

ME = "me@gmail.com"


class Terminal(StringIO):
    """What is written; once it is an address, the owner goes there."""

    def __init__(self, google: TokenServer, *, comes_back: bool = True) -> None:
        super().__init__()
        self._google, self._comes_back = google, comes_back
        self.browser: threading.Thread | None = None
        self.ends_on = ""

    def write(self, text: str) -> int:
        if url := next((word for word in text.split() if word.startswith("http")), ""):
            back = parse_qs(urlsplit(url).query)["redirect_uri"][0]
            self.ends_on = f"{back}?{urlencode(self._google.consent(url, ME))}"
            if self._comes_back:
                self.browser = threading.Thread(target=_visit, args=(back, self.ends_on))
                self.browser.start()
        return super().write(text)


def _visit(back: str, address: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{back}favicon.ico")
    with urllib.request.urlopen(address) as page:
        assert b"You can close this page" in page.read()


def test_a_browser_on_this_machine_comes_back_by_itself(user: User, google: TokenServer) -> None:
    terminal = Terminal(google)
    call_command("connect_gmail", user=user.username, stdout=terminal)
    assert terminal.browser is not None
    terminal.browser.join()
    assert "Connected: me@gmail.com." in terminal.getvalue()
    assert Account.objects.get().mailbox.user == user


def test_a_browser_anywhere_is_pasted_from(user: User, google: TokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(google, comes_back=False)
    monkeypatch.setattr(builtins, "input", lambda: f"  {terminal.ends_on} \n")
    call_command("connect_gmail", user=user.username, paste=True, stdout=terminal)
    assert "Connected: me@gmail.com." in terminal.getvalue()


@pytest.mark.parametrize("pasted", ["", "nonsense", "http://[", "http://127.0.0.1/?state=made-up&code=1"])
def test_what_is_no_answer_is_refused(
    user: User, google: TokenServer, monkeypatch: pytest.MonkeyPatch, pasted: str
) -> None:
    monkeypatch.setattr(builtins, "input", lambda: pasted)
    with pytest.raises(CommandError, match=r"That is no address|belongs to no question of yours"):
        call_command("connect_gmail", user=user.username, paste=True, stdout=StringIO())


def test_nobody_comes_back(user: User, google: TokenServer) -> None:
    with pytest.raises(CommandError, match="Nobody came back within 0 s"):
        call_command("connect_gmail", user=user.username, timeout=0.05, stdout=StringIO())


def test_it_needs_a_user_that_there_is(google: TokenServer) -> None:
    with pytest.raises(CommandError, match="There is no user nobody"):
        call_command("connect_gmail", user="nobody")


def test_it_needs_a_client(user: User, settings: Any) -> None:
    settings.GOOGLE_CLIENT_ID = ""
    with pytest.raises(CommandError, match="set GOOGLE_CLIENT_ID"):
        call_command("connect_gmail", user=user.username, stdout=StringIO())
