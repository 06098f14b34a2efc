"""A log line tells what happened, and no stranger's address or secret."""

import json
import logging
from collections.abc import Iterator
from email import message_from_bytes

import flufl.bounce
import pytest
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from fikiri import logs


@pytest.fixture(autouse=True)
def configured_again() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logs.configure(settings.LOGGING)
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("mail to jane.doe+x@mail.example.org failed", "mail to ***@mail.example.org failed"),
        ("<jürgen@example.de>: unknown", "<***@example.de>: unknown"),
        ("redis://user:pass@broker:6379/0", "redis://***@broker:6379/0"),
        ("postgres://u:p%40ss@db/fikiri", "postgres://***@db/fikiri"),
        ('{"token": "abcdef", "n": 1}', '{"token": "***", "n": 1}'),
        ("Authorization: Token abc", "Authorization: ***"),
        ("OPENAI_API_KEY=sk-live", "OPENAI_API_KEY=***"),
        ("used sk-abcdefghijklmnopqrst here", "used sk-*** here"),
        ("worker email@laptop is ready at 12:00", "worker email@laptop is ready at 12:00"),
    ],
)
def test_addresses_and_secrets_are_masked(line: str, masked: str) -> None:
    assert logs.mask(line) == masked


def test_a_json_line_stays_json_when_a_secret_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure({"format": "json", "level": "INFO"})
    structlog.stdlib.get_logger("x").info('it said token="a\\"b" and\nmore', password='q"\\', path="C:\\x")
    line = json.loads(capsys.readouterr().err)
    assert "q" not in line["password"]
    assert line["level"] == "info"


def test_what_a_library_says_of_each_of_its_steps_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure({"format": "json", "level": "INFO"})
    mail = message_from_bytes(b"From: mailer-daemon@example.org\nSubject: Undelivered\n\nNobody is called so here.\n")
    assert not any(flufl.bounce.all_failures(mail))
    assert capsys.readouterr().err == ""


def test_a_line_carries_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure({"format": "json", "level": "INFO"})
    with structlog.contextvars.bound_contextvars(job="abc", queue="ai", attempt=2, correlation_id="c1"):
        logging.getLogger("somebody.else").warning("took %d s", 3, extra={"action": "slow"})
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "took 3 s"
    assert {line["job"], line["queue"], line["correlation_id"], line["action"]} == {"abc", "ai", "c1", "slow"}
    assert line["attempt"] == 2


def test_an_address_in_a_traceback_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure({"format": "console", "level": "INFO"})
    try:
        raise ValueError("no mailbox for carol@customer.example.com")
    except ValueError:
        logging.getLogger("x").exception("failed")
    written = capsys.readouterr().err
    assert "***@customer.example.com" in written
    assert "carol" not in written


@pytest.mark.parametrize("config", [{"format": "xml", "level": "INFO"}, {"format": "json", "level": "LOUD"}])
def test_an_unknown_format_or_level_is_refused_by_its_name(config: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"LOG_(FORMAT|LEVEL) is '(xml|LOUD)'"):
        logs.configure(config)
