"""Whatever the bytes are, they are answered for."""

import re
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from email_automation.parsing import ParsedMessage, Problem, Unreadable, parse
from email_automation.parsing import message as limits
from tests.email_automation.parsing.mails import mail, multipart, parsed

REFUSED_BY_DATABASES = re.compile("[\x00\ud800-\udfff]")
PIECES = [
    b"From: ada@fikiri.example\n", b"Subject: =?utf-8?B?", b"?=", b"\n", b"\n\n", b"\r\n", b"\0", b"\xff",
    b"\xed\xa0\x80", b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: text/html; charset=utf-7\n",
    b"--x\n", b"--x--\n", b"Content-Type: message/rfc822\n", b"Content-Transfer-Encoding: base64\n", b"&#0;", b"+2AA-",
    b"Date: 1 Jan 99999\n", b"<table><tr><td>", b'"', b"(", b"<", b" folded", b"From ada\n",
    b"Content-Disposition: attachment; filename*0*=x''%00/\n",
]  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"\n", b" \r\n\t\n"])
def test_nothing_is_unreadable(raw: bytes) -> None:
    assert parse(raw) == Unreadable("it is empty", "")


def test_text_without_headers_is_unreadable_and_its_beginning_is_kept() -> None:
    answer = parse(b"Dear all,\nthis is no mail.\n" + b"x" * 10_000)
    assert isinstance(answer, Unreadable)
    assert answer.reason == "it has none of the headers of a mail"
    assert answer.text.startswith("Dear all,")
    assert len(answer.text) == 2000


def test_binary_junk_is_unreadable() -> None:
    answer = parse(bytes(range(256)) * 100)
    assert isinstance(answer, Unreadable)
    assert answer.reason == "it is binary"
    assert not REFUSED_BY_DATABASES.search(answer.text)


def test_a_byte_order_mark_and_a_from_line_are_passed_over() -> None:
    raw = b"\xef\xbb\xbf\nFrom ada Thu Aug 22 12:36:23 2002\n" + mail()
    assert parsed(raw).subject == "An order"


def test_a_message_that_was_cut_off_is_flagged() -> None:
    message = parse(mail(), truncated=True)
    assert isinstance(message, ParsedMessage)
    assert message.problems == (Problem.TRUNCATED,)


def strings_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings_in(part)]
    return [text for part in value for text in strings_in(part)] if isinstance(value, tuple | list) else []


def check(raw: bytes) -> None:
    answer = parse(raw)
    for text in strings_in(astuple(answer)):
        assert not REFUSED_BY_DATABASES.search(text)
    if isinstance(answer, ParsedMessage):
        assert len(answer.text) <= limits.MAX_TEXT
        assert len(answer.subject) <= limits.MAX_SUBJECT
        assert len(answer.automatic) <= 80
        assert all(len(one.name) <= limits.MAX_NAME and len(one.address) <= limits.MAX_ADDRESS for one in answer.to)
        assert all(len(one.name) <= limits.MAX_NAME and "/" not in one.name for one in answer.attachments)


@settings(max_examples=300, deadline=None)
@given(some.lists(some.one_of(some.sampled_from(PIECES), some.binary(max_size=30)), max_size=60).map(b"".join))
def test_any_bytes_are_answered_with_what_a_database_takes(raw: bytes) -> None:
    check(raw)


@settings(max_examples=300, deadline=None)
@given(some.data())
def test_a_damaged_mail_is_answered_with_what_a_database_takes(data: some.DataObject) -> None:
    whole = multipart("alternative", "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>h<br>t</p>")
    raw = bytearray(whole)
    for _ in range(data.draw(some.integers(1, 8))):
        at = data.draw(some.integers(0, len(raw)))
        raw[at : at + data.draw(some.integers(0, 4))] = data.draw(some.sampled_from(PIECES))
    check(bytes(raw))
