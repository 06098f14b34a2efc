"""The HTML of a message is kept beside it, as it came."""

from collections.abc import Callable
from typing import Any

import pytest

from email_automation.models import Message, MessageHtml
from email_automation.parsing import html as parsing_html

pytestmark = pytest.mark.django_db

HEADERS = "From: Ann <ann@elsewhere.example>\nMessage-ID: <1@elsewhere.example>\nMIME-Version: 1.0\n"
Sync = Callable[..., list[Message]]


def letter(body: str) -> bytes:
    return (HEADERS + body).encode()


def test_html_is_kept_as_it_came_beside_the_text_that_is_read(sync: Sync) -> None:
    html = "<p onclick='x()'>Good <b>morning</b></p>"
    (message,) = sync(letter(f"Content-Type: text/html; charset=utf-8\n\n{html}\n"))
    assert message.text == "Good morning"
    assert MessageHtml.objects.get().source == html
    assert message.html.source == html


def test_of_alternatives_the_html_is_kept_and_the_plain_one_is_read(sync: Sync) -> None:
    body = (
        'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\nplain\n'
        "--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+Ym9sZDwvYj4=\n--b--\n"
    )
    (message,) = sync(letter(body))
    assert (message.text, message.html.source) == ("plain", "<b>bold</b>")


def test_a_message_without_html_has_none_and_neither_does_an_attached_page(sync: Sync) -> None:
    page = "Content-Type: text/html\nContent-Disposition: attachment; filename=page.html\n\n<b>x</b>\n"
    (message,) = sync(letter(f'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nhello\n--b\n{page}--b--\n'))
    assert message.text == "hello"
    assert not MessageHtml.objects.exists()


def test_of_endless_html_the_beginning_is_kept(sync: Sync, monkeypatch: Any) -> None:
    (message,) = sync(letter(f"Content-Type: text/html\n\n{'<p>word</p>' * 100_000}\n"))
    assert len(message.html.source) == parsing_html.MAX_HTML
