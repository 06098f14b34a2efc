"""Which mailbox lies at a path, and what is said where there is none."""

import gzip
import os
from pathlib import Path

import pytest

from email_automation.mailboxes import MailboxError, open_mailbox
from tests.email_automation.mailboxes.letters import letter, mbox


def test_an_mbox_file_is_known_by_its_from_line(tmp_path: Path) -> None:
    assert open_mailbox(mbox(tmp_path, letter(1)).rename(tmp_path / "whatever")).kind == "mbox"


def test_a_file_that_begins_with_headers_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "letter.eml"
    path.write_bytes(b"\xef\xbb\xbf" + letter(1))
    assert len(list(open_mailbox(path).messages())) == 1


def test_a_message_that_was_read_is_not_read_again_from_its_cursor(tmp_path: Path) -> None:
    path = tmp_path / "letter.eml"
    path.write_bytes(letter(1))
    (message,) = open_mailbox(path).messages()
    assert list(open_mailbox(path).messages(message.position)) == []


def test_a_maildir_is_known_by_its_folders(tmp_path: Path) -> None:
    for name in ("cur", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "cur" / "1:2,S").write_bytes(letter(1))
    assert open_mailbox(tmp_path).kind == "maildir"


def test_a_folder_with_one_message_among_other_files_is_a_mailbox(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("Nothing to see.\n")
    (tmp_path / "z").write_bytes(letter(1))
    assert open_mailbox(tmp_path).kind == "folder"


def refusal(path: Path | str) -> str:
    with pytest.raises(MailboxError) as refused:
        open_mailbox(path)
    return str(refused.value)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nothing")


def test_a_nul_byte_in_a_path_is_refused() -> None:
    assert "cannot be read" in refusal("/mail\0box")


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_an_empty_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "inbox").write_bytes(data)
    assert "is empty" in refusal(tmp_path / "inbox")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    assert "holds no files" in refusal(tmp_path)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_bytes(bytes(range(256)))
    assert "is binary" in refusal(tmp_path / "inbox")


def test_an_archive_is_named_as_one(tmp_path: Path) -> None:
    (tmp_path / "inbox.gz").write_bytes(gzip.compress(letter(1)))
    assert "gzip archive: unpack it" in refusal(tmp_path / "inbox.gz")


def test_a_text_without_mail_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("From now on: no mail.\nNever: again\n")
    assert "holds no mail" in refusal(tmp_path / "notes.txt")


def test_a_folder_without_mail_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("No mail.\n")
    assert "holds no mail" in refusal(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "neither a file nor a folder" in refusal(tmp_path / "pipe")
