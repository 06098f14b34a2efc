"""A person who is no staff, in a real browser: logs in, steers their mailbox, sends what waits, also on a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from email_automation import services
from email_automation.models import Author, Mailbox, MailStatus, Message, OutgoingMail
from email_automation.sending.letters import Letter
from tests.browser.conftest import PASSWORD
from tests.browser.test_jobs import fits
from tests.browser.test_pages import faults

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(operator: User) -> User:
    owner = User.objects.create_user("jane", "jane@fikiri.example", PASSWORD)
    mailbox = Mailbox.objects.create(user=owner, kind="mbox", name="Letters", location="/letters.mbox")
    message = Message.objects.create(
        mailbox=mailbox, digest="0" * 64, size=1, thread_key="t", subject="Coffee", text="Two pounds, please.\n" * 30,
        from_name="Ada", from_address="ada@engines.example",
    )  # fmt: skip
    letter = Letter(
        to="ada@engines.example", subject="Re: Coffee", body="With pleasure.", author=Author.MODEL, user_id=owner.pk,
        answers=message,
    )  # fmt: skip
    services.propose(letter)
    return owner


@pytest.fixture
def page(chromium: Browser, owner: User, live_server: LiveServer) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1000, "height": 900})
    page = context.new_page()
    surprises: list[str] = []
    page.on("console", lambda said: surprises.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("pageerror", lambda error: surprises.append(str(error)))
    page.goto("/mine/")
    page.get_by_label("User name").fill("jane")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Mailboxes")).to_be_visible()
    yield page
    context.close()
    assert surprises == []


def test_a_day_of_an_owner(page: Page, tmp_path: Path) -> None:
    page.get_by_role("button", name="Sync now Letters").click()
    expect(page.get_by_role("status")).to_have_text("Letters will be synced.")
    expect(page.get_by_role("cell", name="process_gmail_sync")).to_be_visible()
    page.get_by_role("button", name="Pause Letters").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    page.screenshot(path=Path(os.environ.get("SCREENSHOTS", tmp_path)) / "mine.png", full_page=True)
    page.get_by_label("Text").fill("With the greatest pleasure.")
    page.get_by_role("button", name="Send Re: Coffee", exact=True).click()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    mail = OutgoingMail.objects.get()
    assert (mail.status, mail.body) == (MailStatus.QUEUED, "With the greatest pleasure.")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("User name")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_keeps_nobody_out_and_fits_a_phone(page: Page, scheme: str, tmp_path: Path) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for address in ("/mine/", "/mine/connect/imap"):
        page.goto(address)
        assert faults(page) == []
        page.set_viewport_size({"width": 390, "height": 800})
        assert fits(page)
        page.screenshot(path=tmp_path / "phone.png")
        page.set_viewport_size({"width": 1000, "height": 900})
