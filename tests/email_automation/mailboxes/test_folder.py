"""Folders of messages, whatever the files are called."""

import hashlib
import os
from pathlib import Path

from email_automation.mailboxes.folder import Folder
from tests.email_automation.mailboxes.letters import FROM_LINE, letter


def fill(folder: Path, **files: bytes) -> Folder:
    for name, data in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return Folder(folder)


def test_every_file_is_a_message_in_the_order_of_names(tmp_path: Path) -> None:
    box = fill(tmp_path, b=letter(2), a__z=letter(1), c=letter(3))
    assert [message.raw for message in box.messages()] == [letter(1), letter(2), letter(3)]


def test_dot_files_and_dot_folders_are_left_alone(tmp_path: Path) -> None:
    box = fill(tmp_path, a=letter(1))
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_bytes(b"x")
    assert len(list(box.messages())) == box.size_hint() == 1


def test_the_from_line_of_a_raw_file_is_not_part_of_it(tmp_path: Path) -> None:
    (message,) = fill(tmp_path, a=FROM_LINE + letter(1) + b"\n").messages()
    assert message.digest == hashlib.sha256(letter(1) + b"\n").hexdigest()


def test_a_file_of_several_messages_is_read_as_an_mbox(tmp_path: Path) -> None:
    inbox = FROM_LINE + letter(1) + b"\n" + FROM_LINE + letter(2)
    assert [message.raw for message in fill(tmp_path, a=inbox, b=letter(3)).messages()] == [
        letter(1),
        letter(2),
        letter(3),
    ]


def test_a_message_that_quotes_a_from_line_stays_one(tmp_path: Path) -> None:
    quoting = FROM_LINE + letter(1, b"He said\n\n" + FROM_LINE + b"what do I know\n")
    assert len(list(fill(tmp_path, a=quoting).messages())) == 1


def test_it_goes_on_behind_any_message_also_inside_an_mbox_file(tmp_path: Path) -> None:
    inbox = b"\n".join(FROM_LINE + letter(number) for number in range(3))
    box = fill(tmp_path, a=letter(7), b__inbox=inbox, b__z=letter(8), c=letter(9))
    everything = list(box.messages())
    assert len(everything) == 6
    for number, message in enumerate(everything):
        rest = [later.digest for later in box.messages(message.position)]
        assert rest == [later.digest for later in everything[number + 1 :]]


def test_names_that_are_no_unicode_can_be_gone_on_from(tmp_path: Path) -> None:
    for name in (b"a\xff1", b"a\xff2"):
        (Path(str(tmp_path)) / name.decode("utf-8", "surrogateescape")).write_bytes(letter(name[-1]))
    first, second = Folder(tmp_path).messages()
    assert str(first.position["after"]).isascii()
    assert [message.digest for message in Folder(tmp_path).messages(first.position)] == [second.digest]


def test_a_file_that_cannot_be_read_is_counted_with_the_reason(tmp_path: Path) -> None:
    box = fill(tmp_path, a=letter(1))
    (tmp_path / "b").symlink_to("/proc/self/mem")  # readable by nobody at its start
    _, broken = box.messages()
    assert broken.problem == "the file b cannot be read (EIO)"


def test_links_to_folders_and_pipes_are_not_followed(tmp_path: Path) -> None:
    box = fill(tmp_path, a=letter(1))
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert len(list(box.messages())) == 1
