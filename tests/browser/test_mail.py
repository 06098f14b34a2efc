"""Mail of strangers, opened in a real browser: nothing runs, nothing is asked for, nothing leads away."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Dialog, Page, Request, expect

from email_automation.models import Mailbox, Message, MessageHtml
from email_automation.reading import safe_html
from tests.email_automation.hostile_html import SAMPLES

pytestmark = pytest.mark.browser

AT_ONCE = 30
SHOW = """frames => Promise.all(frames.map(frame => {
  const place = document.createElement("div");
  place.innerHTML = frame;
  place.firstChild.loading = "eager";
  const loaded = new Promise(done => place.firstChild.addEventListener("load", done, {once: true}));
  document.body.append(place);
  return loaded;
}))"""
PLAIN = "<p>Dear all,</p><table border=1><tr><td>Sum</td><td>5</td></tr></table><blockquote>earlier</blockquote>"


@pytest.fixture
def message(operator: User) -> Message:
    mailbox = Mailbox.objects.create(user=operator, kind="imap", name="Mail", location="imap://ann@fikiri.example")
    message = Message.objects.create(
        mailbox=mailbox, digest="0" * 64, size=1, thread_key="t", subject="Hello", text="Dear all", has_html=True
    )
    MessageHtml.objects.create(message=message, source=PLAIN)
    return message


@pytest.fixture
def address(message: Message) -> str:
    return f"/admin/email_automation/message/{message.pk}/change/"


def shown(page: Page, *frames: str) -> list[str]:
    """Put frames on the page that is open, wait until each has loaded, and say what left the browser meanwhile."""
    asked: list[str] = []

    def note_dialog(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    def note_failure(request: Request) -> None:
        if request.failure == "csp":  # it was never sent
            asked.remove(request.url)

    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", note_failure)
    page.on("dialog", note_dialog)
    for start in range(0, len(frames), AT_ONCE):
        page.evaluate(SHOW, frames[start : start + AT_ONCE])
    return asked


def test_a_message_is_shown_as_it_is_meant(page: Page, address: str) -> None:
    page.goto(address)
    body = page.frame_locator("iframe.mail-frame").locator("body")
    expect(body.locator("td").first).to_have_text("Sum")
    assert body.evaluate("body => getComputedStyle(body).fontFamily").startswith("system-ui")


def test_a_hostile_message_on_its_page_asks_for_no_more_than_a_harmless_one(page: Page, address: str) -> None:
    asked: list[list[str]] = []
    page.on("request", lambda request: asked[-1].append(request.url))
    for source in (PLAIN, " ".join(SAMPLES[5:25]), " ".join(SAMPLES[100:110])):
        MessageHtml.objects.update(source=source)
        asked.append([])
        page.goto(address)
        frames = page.locator("iframe.mail-frame")
        if frames.count():
            frames.click(position={"x": 30, "y": 25})
        assert [one.url for one in page.frames if one is not page.main_frame] == ["about:srcdoc"] * frames.count()
    assert sorted(asked[0]) == sorted(asked[1]) == sorted(asked[2])
    assert page.url.endswith(address)


def test_nothing_happens_whatever_a_mail_holds(page: Page, address: str) -> None:
    """Dialogs and errors fail the test by themselves."""
    page.goto(address)
    assert shown(page, *(frame for source in SAMPLES if (frame := safe_html.safe_html_frame(source)))) == []
    assert page.url.endswith(address)


def test_the_frame_alone_is_wall_enough(page: Page, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the sanitiser let everything through. On a page where what the policy blocked is no surprise."""
    monkeypatch.setattr(safe_html, "safe_html", lambda source: source)
    other = page.context.new_page()
    other.goto(address)
    assert shown(other, *(safe_html.safe_html_frame(source) for source in SAMPLES)) == []
    assert other.url.endswith(address)
