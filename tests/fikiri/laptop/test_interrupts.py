"""A process that looks after others wakes when one ends, and is asked to end only once."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from fikiri.laptop.interrupts import deferred, interrupts, uninterrupted


def test_the_end_of_a_child_ends_the_wait() -> None:
    with interrupts() as waiter, subprocess.Popen([sys.executable, "-c", ""]):
        started = time.monotonic()
        waiter.wait(60)
        assert time.monotonic() - started < 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_way_of_asking_to_end_interrupts(number: signal.Signals) -> None:
    with interrupts(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_a_library_that_swallows_the_interrupt_only_delays_it() -> None:
    with interrupts() as waiter:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            waiter.wait(60)


def test_an_interrupt_waits_until_a_process_is_noted_down() -> None:
    noted = []

    def start_a_process() -> None:
        with deferred():
            os.kill(os.getpid(), signal.SIGINT)
            noted.append("process")

    with interrupts(), pytest.raises(KeyboardInterrupt):
        start_a_process()
    assert noted == ["process"]


def test_clearing_up_is_not_interrupted() -> None:
    with interrupts(), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)


def test_what_signals_did_before_they_do_again() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)]
    with interrupts():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)] == before
