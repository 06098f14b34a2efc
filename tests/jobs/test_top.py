"""`manage.py top`: one look into a pipe, and the live one in a real terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from jobs.dashboard import Eye, sparkline
from jobs.models import Tally
from jobs.throughput import Point
from tests.jobs.states import HERE, alter, in_state, put, running
from tests.jobs.test_commands import answer, refused, told
from tests.jobs.wellness import dispatcher, worker
from tests.servers.programs import ROOT, environment


@pytest.mark.django_db
def test_one_look_shows_queues_workers_and_what_fails() -> None:
    worker()
    dispatcher()
    put()
    running()
    alter(in_state("dead"), error="it broke\x1b[2J")
    shown = told("top")
    assert "\x1b" not in shown
    assert re.search(r"^email +ok +1 +0 +1 ", shown, re.M), shown
    assert HERE.name in shown
    assert re.search(r"^1 .*ValueError: it broke", shown, re.M), shown


@pytest.mark.django_db
def test_one_look_for_programs_has_the_same() -> None:
    worker()
    dispatcher()
    put()
    told = answer("top", "--period", "day")
    assert (told["period"], told["queues"]["email"]["pending_jobs"]) == ("day", 1)
    assert set(told) == {"period", "queues", "trouble", "parts", "workers", "failures", "findings"}


@pytest.mark.django_db
def test_it_says_what_is_wrong_where_nothing_runs() -> None:
    assert "None. Start one: manage.py worker" in told("top")


def test_a_time_between_looks_that_is_none_is_refused() -> None:
    assert "--every" in str(refused("top", "--every", "0"))


@pytest.mark.django_db
def test_a_second_look_tells_how_fast_jobs_end() -> None:
    eye = Eye()
    assert eye.look("hour").rates == {}
    Tally.objects.create(queue="email", task="echo", outcome="completed", jobs=7)
    assert eye.look("hour").rates["email"] > 0


def test_bars_are_as_high_as_what_ended() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert sparkline([Point(at=at, ended=ended) for ended in (0, 1, 4, 8)]) == "▁▁▄█"
    assert sparkline([Point(at=at)]) == "▁"


class Terminal:
    """A terminal of 120 columns in which a command runs."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        env = {**os.environ, **environment(), "DJANGO_SETTINGS_MODULE": "tests.process_settings", "TERM": "xterm"}
        self.program = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=env)
        os.close(theirs)
        self.text = ""

    def press(self, keys: str) -> None:
        self.text = ""
        os.write(self._ours, keys.encode())

    def shows(self, wanted: Callable[[str], object], within: float = 60) -> bool:
        deadline = time.monotonic() + within
        while not wanted(self.text) and time.monotonic() < deadline:
            if select.select([self._ours], [], [], 0.1)[0]:
                self.text += self._read()
        return bool(wanted(self.text))

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._ours)

    def _read(self) -> str:
        try:
            return os.read(self._ours, 65_536).decode(errors="replace")
        except OSError:  # its other end is closed
            return ""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("goodbye", ["q", "Ctrl-C"])
def test_it_lives_in_a_terminal_obeys_keys_and_leaves_it_as_it_was(goodbye: str) -> None:
    terminal = Terminal(sys.executable, "manage.py", "top", "--every", "0.2")
    try:
        assert terminal.shows(lambda text: "last hour" in text and "q quit" in text), terminal.text
        terminal.press("\x1b[C")
        assert terminal.shows(lambda text: "last day" in text), terminal.text
        terminal.press("p")
        assert terminal.shows(lambda text: "held" in text), terminal.text
        terminal.press("q") if goodbye == "q" else terminal.program.send_signal(signal.SIGINT)
        assert terminal.shows(lambda text: "\x1b[?1049l" in text), "it did not leave the other screen"
        assert terminal.program.wait(30) == 0
    finally:
        terminal.close()
