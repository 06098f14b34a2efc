"""Mail that is sent on a laptop lands in a folder."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from fikiri.laptop.smtp_sink import SmtpSink
from tests.servers.ports import free_port

MESSAGE = b"From: a@example.com\r\nSubject: Hello\r\n\r\n.a line that begins with a dot\r\nna\xc3\xafve\r\n"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[smtplib.SMTP]:
    """A client that is connected to a sink, whose folder is `tmp_path/mail`."""
    port = free_port()
    server = SmtpSink(tmp_path / "mail", port)
    server.start()
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        yield client
    server.stop()


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "mail").iterdir())


def test_a_mail_is_kept_as_it_was_sent(sink: smtplib.SMTP, tmp_path: Path) -> None:
    sink.sendmail("from@example.com", ["to@example.com"], MESSAGE)
    assert kept(tmp_path)[0].read_bytes().endswith(MESSAGE)


def test_the_envelope_is_noted_blind_copies_included(sink: smtplib.SMTP, tmp_path: Path) -> None:
    sink.sendmail("from@example.com", ["to@example.com", "blind@example.com"], MESSAGE)
    mail = message_from_bytes(kept(tmp_path)[0].read_bytes(), policy=policy.default)
    assert mail["X-Envelope-From"] == "from@example.com"
    assert mail["X-Envelope-To"] == "to@example.com, blind@example.com"


def test_files_lie_in_the_order_in_which_mail_came(sink: smtplib.SMTP, tmp_path: Path) -> None:
    for number in range(5):
        sink.sendmail("from@example.com", ["to@example.com"], b"Subject: %d\r\n\r\n" % number)
    assert [b"Subject: %d" % number in path.read_bytes() for number, path in enumerate(kept(tmp_path))] == [True] * 5


def test_no_half_written_mail_is_ever_left(sink: smtplib.SMTP, tmp_path: Path) -> None:
    sink.sendmail("from@example.com", ["to@example.com"], MESSAGE)
    assert {path.suffix for path in kept(tmp_path)} == {".eml"}
