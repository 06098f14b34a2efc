"""Children of a process with threads: born when no thread is in the midst of something."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jobs import broker, forking, worker


@contextmanager
def a_thread_that_holds_off(left: threading.Event, until: threading.Event) -> Iterator[None]:
    inside = threading.Event()

    def hold() -> None:
        with forking.held_off():
            inside.set()
            until.wait(30)
            left.set()

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(30)
    try:
        yield
    finally:
        until.set()
        thread.join()


def born(left: threading.Event) -> bool:
    """Fork; returns whether the child found the event set."""
    if not (pid := os.fork()):
        os._exit(0 if left.is_set() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_child_is_born_once_no_thread_is_in_the_midst_of_something() -> None:
    left, until = threading.Event(), threading.Event()
    with a_thread_that_holds_off(left, until):
        timer = threading.Timer(0.2, until.set)
        timer.start()
        assert born(left)
        timer.join()


def test_a_child_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "PATIENCE", 0.1)
    left, until = threading.Event(), threading.Event()
    with a_thread_that_holds_off(left, until):
        assert not born(left)
    assert born(left)


def test_a_fork_that_gave_up_waiting_lets_go_of_nothing_that_another_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "PATIENCE", 0.1)

    def give_up() -> None:
        forking._before()
        forking._after_in_parent()

    forking._before()
    another = threading.Thread(target=give_up)
    another.start()
    another.join()
    assert forking._lock.locked()
    forking._after_in_parent()
    assert not forking._lock.locked()


def test_a_child_may_have_threads_of_its_own() -> None:
    if not (pid := os.fork()):
        with forking.held_off():
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.django_db(transaction=True)
def test_no_child_is_born_in_the_midst_of_a_beat() -> None:
    held = []

    def slots() -> int:
        held.append(forking._lock.locked())
        return 1

    heart = worker.Heart(["email"], slots, lambda: [1])
    heart.stopping()
    heart.start()
    heart.wait_until_idle(30)
    heart.end()
    assert held
    assert all(held)


def test_no_child_is_born_in_the_midst_of_a_look_for_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    held, breaker = [], broker.Breaker()

    class Back:
        def ping(self) -> None:
            held.append(forking._lock.locked())

    monkeypatch.setattr(broker, "client", Back)
    breaker.opened.set()
    breaker._probe()
    assert held == [True]
