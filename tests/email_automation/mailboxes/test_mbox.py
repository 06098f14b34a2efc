"""mbox files: where messages begin and end, and where a sync goes on."""

import hashlib
import mailbox
from contextlib import closing
from pathlib import Path

import pytest

from email_automation.mailboxes import content
from email_automation.mailboxes.mbox import MboxFile
from tests.email_automation.mailboxes.letters import FROM_LINE, letter, mbox


def texts(path: Path) -> list[bytes]:
    return [message.raw for message in MboxFile(path).messages()]


def test_messages_come_without_their_from_lines_and_blank_lines_between(tmp_path: Path) -> None:
    assert texts(mbox(tmp_path, letter(1), letter(2))) == [letter(1), letter(2)]


def test_it_agrees_with_pythons_own_mailbox(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    bodies = (b"Hello.\n", b"From the start\n", b"\n\n", b"", b"no newline", b">From quoted\n\n\nend\n")
    with closing(mailbox.mbox(path)) as python:
        for number, body in enumerate(bodies):
            python.add(letter(number, body))
        python.flush()
        assert texts(path) == [python.get_bytes(key) for key in python.keys()]  # noqa: SIM118 - it is no dict


def test_a_message_has_the_same_digest_last_in_a_file_or_not(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter(1), letter(1))
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    first, last = MboxFile(path).messages()
    assert first.digest == last.digest == hashlib.sha256(letter(1)).hexdigest()


def test_files_put_together_without_blank_lines_are_split(tmp_path: Path) -> None:
    assert texts(mbox(tmp_path, letter(1), letter(2), between=b"")) == [letter(1), letter(2)]


def test_windows_line_ends_are_split_and_kept(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter(1), letter(2))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert texts(path) == [letter(1).replace(b"\n", b"\r\n"), letter(2).replace(b"\n", b"\r\n")]


@pytest.mark.parametrize(
    "line",
    [
        b"From 1234@xxx Thu Aug 22 12:36:23 +0000 2002",  # as in a Google Takeout
        b"From ada@fikiri.example Thu Aug 22 12:36 2002",
        b"From ada@fikiri.example Thu Aug 22 12:36:23 BST 2002",
        b"From ada@fikiri.example Thu Aug 22 12:36:23 2002 +0100 remote from host",
        b"From - Thu, 22 Aug 2002 12:36:23 +0100",
        b"From ada 2002-08-22T12:36:23+01:00",
        b"From MAILER-DAEMON",
        b'From "Ada Lovelace" Thu Aug 22 12:36:23 2002',
    ],
)
def test_from_lines_of_many_programs_are_known(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "inbox"
    path.write_bytes(FROM_LINE + letter(1) + b"\n" + line + b"\n" + letter(2))
    assert texts(path) == [letter(1), letter(2)]


@pytest.mark.parametrize(
    "body",
    [
        b"Hi,\nFrom here on it gets better.\n",
        b"Hi,\n\nFrom here on it gets better.\n",
        b"Hi,\n\nFrom the shop: two pounds of coffee\nFrom the baker: bread\n",
        b"Hi,\nFrom what I saw on Thu Aug 22 12:36:23 2002 it was fine.\n",
        b"He wrote\nFrom ada Thu Aug 22 12:36:23 2002\nand nothing else\n",
    ],
)
def test_text_that_begins_with_from_stays_in_its_message(tmp_path: Path, body: bytes) -> None:
    assert texts(mbox(tmp_path, letter(1, body), letter(2))) == [letter(1, body), letter(2)]


def test_a_message_without_headers_is_one(tmp_path: Path) -> None:
    assert texts(mbox(tmp_path, letter(1), b"only text\n", b"", letter(2))) == [
        letter(1),
        b"only text\n",
        b"",
        letter(2),
    ]


def test_text_before_the_first_from_line_is_not_lost(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter(2))
    path.write_bytes(letter(1) + b"\n" + path.read_bytes())
    assert texts(path) == [letter(1), letter(2)]


def test_blank_lines_before_the_first_from_line_are_no_message(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter(1))
    path.write_bytes(b"\n\n" + path.read_bytes())
    assert texts(path) == [letter(1)]


def test_a_huge_message_keeps_its_head_and_the_digest_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_RAW", 1000)
    monkeypatch.setattr(content, "CHUNK", 64)
    whole = letter(1, b"x" * 50_000 + b"\n")
    huge, after = MboxFile(mbox(tmp_path, whole, letter(2))).messages()
    assert (huge.raw, huge.size, huge.truncated) == (whole[:1000], len(whole), True)
    assert huge.digest == hashlib.sha256(whole).hexdigest()
    assert after.raw == letter(2)


def test_from_lines_are_found_wherever_a_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = mbox(tmp_path, letter(1), letter(2), letter(3))
    for size in range(6, 40):
        monkeypatch.setattr("email_automation.mailboxes.separators.BLOCK", size)
        assert texts(path) == [letter(1), letter(2), letter(3)]


def test_it_goes_on_behind_any_message(tmp_path: Path) -> None:
    box = MboxFile(mbox(tmp_path, *(letter(number) for number in range(5))))
    everything = list(box.messages())
    for number, message in enumerate(everything):
        rest = [later.digest for later in box.messages(message.position)]
        assert rest == [later.digest for later in everything[number + 1 :]]


def test_mail_that_was_added_meanwhile_is_read_after_the_cursor(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter(1))
    (first,) = MboxFile(path).messages()
    with path.open("ab") as file:
        file.write(FROM_LINE + letter(2))
    assert [message.raw for message in MboxFile(path).messages(first.position)] == [letter(2)]


def test_a_rewritten_file_is_read_from_the_start(tmp_path: Path) -> None:
    path = mbox(tmp_path, letter(1), letter(2))
    first, _ = MboxFile(path).messages()
    path.write_bytes(FROM_LINE + letter(3) + b"\n" + FROM_LINE + letter(4))
    assert [message.raw for message in MboxFile(path).messages(first.position)] == [letter(3), letter(4)]


def test_the_size_hint_is_what_done_counts_to(tmp_path: Path) -> None:
    box = MboxFile(mbox(tmp_path, letter(1), letter(2)))
    assert [message.position["done"] for message in box.messages()][-1] == box.size_hint()
