"""An account is connected in a real browser, at a Google that nobody here wrote."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from email_automation.models import Account, AccountState
from tests.servers.emulate import CLIENT, Emulate
from tests.servers.programs import Programs

pytestmark = pytest.mark.browser


@pytest.fixture
def google(
    tmp_path: Path, live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulate]:
    back = live_server.url + reverse("gmail-callback")
    with Programs(tmp_path) as programs:
        google = Emulate(programs, tmp_path, "ann@gmail.com", "bob@gmail.com", redirect_uri=back)
        settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = CLIENT
        settings.GOOGLE_AUTH_URI = f"{google.url}/o/oauth2/v2/auth"
        settings.GOOGLE_TOKEN_URI = f"{google.url}/oauth2/token"
        settings.GOOGLE_REVOKE_URI = f"{google.url}/oauth2/revoke"
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # plain http, to loopback
        yield google


def test_an_owner_connects_and_disconnects(page: Page, google: Emulate) -> None:
    page.goto("/admin/email_automation/mailbox/")
    page.get_by_role("link", name="Connect Gmail", exact=True).click()
    expect(page).to_have_url(re.compile(re.escape(google.url)))
    page.get_by_role("button", name="bob@gmail.com").first.click()
    expect(page.locator(".messagelist")).to_contain_text("Connected: bob@gmail.com.")
    account = Account.objects.get()
    assert (account.state, account.address) == (AccountState.CONNECTED, "bob@gmail.com")

    page.goto(f"/admin/email_automation/mailbox/{account.mailbox_id}/change/")
    expect(page.get_by_role("link", name="Connect again")).to_be_visible()
    expect(page.get_by_text("labelling, archiving and marking mail, reading mail, sending mail")).to_be_visible()

    page.goto("/admin/email_automation/mailbox/")
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("disconnect")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    expect(page.locator(".messagelist")).to_contain_text("Disconnected: bob@gmail.com.")
