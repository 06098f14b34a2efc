"""The approval inbox in a real Chromium: by keys alone, with a countdown, on a phone, in the dark."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from email_automation import services
from email_automation.models import (
    Author,
    Classification,
    Mailbox,
    MailKind,
    MailStatus,
    Message,
    OutgoingMail,
    RuleMatch,
)
from email_automation.sending.letters import Letter, reply_subject
from tests.browser.test_pages import faults

pytestmark = pytest.mark.browser

PAGE = "/admin/email_automation/outgoingmail/approvals/"
LETTERS = {
    "A price for forty chairs": (
        "Ada Lovelace",
        "Hello,\n\nwe open a second room in March and need forty chairs like the ones you made for us. What would they "
        "cost, and when could you bring them?\n\nKind regards\nAda",
    ),
    "An appointment": ("Grace Hopper", "Could we see the showroom on Thursday at ten?\n\nGrace"),
    "The invoice of May": ("Alan Turing", "I think that I paid it twice. Could you look?\n\nAlan"),
}


@pytest.fixture
def inbox(operator: User) -> dict[str, OutgoingMail]:
    """A reply to each letter: one that waits, one that is held, one in doubt."""
    box = Mailbox.objects.create(user=operator, kind="mbox", name="shop", location="/x")
    mails = [_reply(box, operator, *one) for one in LETTERS.items()]
    services.approve(mails[1], operator, hold=3600)
    OutgoingMail.objects.filter(pk=mails[2].pk).update(status=MailStatus.IN_DOUBT, reason="the mail server went away")
    return dict(zip(("waits", "held", "doubt"), mails, strict=True))


def _reply(box: Mailbox, user: User, subject: str, letter: tuple[str, str]) -> OutgoingMail:
    name, text = letter
    address = f"{name.split()[0].lower()}@acme.com"
    message = Message.objects.create(
        mailbox=box,
        digest=subject,
        size=1,
        thread_key=subject,
        subject=subject,
        from_name=name,
        from_address=address,
        text=text,
        date=timezone.now() - timedelta(hours=2),
        intent="sales_enquiry",
    )
    Classification.objects.create(
        message=message,
        intent="sales_enquiry",
        urgency="normal",
        sentiment="neutral",
        is_spam=False,
        is_automatic=False,
        suggested_action="reply",
        confidence=0.94,
        needs_review=False,
        provider="offline",
        model="offline",
        prompt_hash="x",
    )
    RuleMatch.objects.create(
        message=message,
        key=subject,
        name="Answer enquiries",
        then="draft_reply",
        reasons=[{"word": "confidence:>=0.9", "found": "0.94"}],
        outcomes=[{"do": "draft_reply"}],
    )
    body = (
        f"Dear {name},\n\nthank you for writing. We will look into it today and come back to you.\n\nKind regards\nShop"
    )
    letter_ = Letter(
        to=address,
        subject=reply_subject(subject),
        body=body,
        kind=MailKind.REPLY,
        author=Author.MODEL,
        user_id=user.pk,
        answers=message,
    )
    return services.propose(letter_)


def test_it_is_worked_through_by_keys_alone(page: Page, inbox: dict[str, OutgoingMail]) -> None:
    page.goto(PAGE)
    page.keyboard.press("j")
    expect(page.locator(f"#mail-{inbox['held'].pk}")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator(".messagelist")).to_contain_text("Taken back")
    expect(page.locator(".approvals-card")).to_have_count(3)
    page.locator(f"#mail-{inbox['waits'].pk}").focus()
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type("Forty chairs are 8,000.")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator(".messagelist")).to_contain_text("is on its way")
    inbox["waits"].refresh_from_db()
    assert (inbox["waits"].status, inbox["waits"].body) == (MailStatus.QUEUED, "Forty chairs are 8,000.")


def test_what_is_held_counts_down(page: Page, inbox: dict[str, OutgoingMail]) -> None:
    page.goto(PAGE)
    told = page.locator(".approvals-until")
    expect(told).to_contain_text("goes in 59:")
    before = told.inner_text()
    expect(told).not_to_have_text(before)


@pytest.mark.parametrize("size", [(1280, 900), (390, 800)], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(page: Page, inbox: dict[str, OutgoingMail], scheme: Any, tmp_path: Path) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(PAGE)
    expect(page.locator(".approvals-card")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    where = Path(os.environ.get("SCREENSHOTS", tmp_path))
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=where / f"approvals-{width}-{scheme}.png", full_page=True)
    assert faults(page) == []
