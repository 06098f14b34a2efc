"""Raw messages for training are read as the classifier sees mail."""

from pathlib import Path

import pytest

from email_automation.ai.schemas import Intent
from email_automation.ai.training.raw_mails import examples, read

TALK = b"""From: Ann <ann@list.example>
Subject: Re: [talk] kernels
List-Post: <mailto:talk@list.example>

I disagree.
--\x20
Ann, +1 555
_______________________
talk mailing list
https://list.example/talk
"""
PAGE = b"""From: shop@example.com
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Content-Type: text/html; charset=no-such-charset

<html><body><p>Hello <b>you</b></p></body></html>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, raw in {
        "ham/1": TALK,
        "ham/2": PAGE,
        "spam/1": b"Subject: win\n\nWin now",
        "spam/2": b"\x00\xff\xfe",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    return tmp_path


def test_a_lists_footer_is_left_out(folder: Path) -> None:
    mail = read(folder / "ham/1")
    assert "disagree" in mail.text
    assert "mailing list" not in mail.text


def test_html_becomes_text_whatever_its_charset_says(folder: Path) -> None:
    mail = read(folder / "ham/2")
    assert (mail.subject, mail.text.strip(), mail.has_html) == ("Grüße", "Hello you", True)


def test_folders_say_what_is_spam(folder: Path) -> None:
    found = examples(folder)
    assert [example.spam for example in found] == [False, False, True, True]
    assert not any(example.own for example in found)


def test_talk_on_a_list_is_nobodys_business(folder: Path) -> None:
    assert [example.intent for example in examples(folder)] == [Intent.OTHER, None, None, None]


def test_replies_and_originals_are_one_group(folder: Path) -> None:
    (folder / "ham/3").write_bytes(b"Subject: Something to talk about\n\none")
    (folder / "ham/4").write_bytes(b"Subject: RE: [x] something to talk about\n\ntwo")
    assert len({example.group for example in examples(folder)[2:4]}) == 1
