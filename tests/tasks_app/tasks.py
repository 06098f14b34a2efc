"""Tasks that behave in every way a task can. Nothing here is part of the product."""

import logging
import math
import os
import resource
import signal
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import celery
import structlog
from celery import Task, shared_task
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

from jobs import context, effects, errors, services
from jobs.effects import Doubt, Receipt
from jobs.models import Effect
from jobs.queues import ai_queue, crm_queue, email_queue
from jobs.retries import RetryRule


@email_queue.task()
def echo(value: Any = None) -> Any:
    return value


@ai_queue.task()
def add(a: int, b: int) -> int:
    return a + b


@email_queue.task()
def call_itself(times: int) -> int:
    return 1 + call_itself(times - 1) if times else 0


def not_yet_a_task(value: int) -> int:
    return value


@email_queue.task()
def greet(user_id: int, name: str = "you") -> str:
    return f"hello {name}"


@crm_queue.task(atomic=True)
def rename_user(username: str, to: str, then: str = "") -> str:
    """Writes to the database in one transaction with its settling."""
    from django.contrib.auth import get_user_model

    get_user_model().objects.filter(username=username).update(username=to)
    _raise(then)
    return to


@email_queue.task()
def leave_mark(path: str, times_to_fail: int = 0) -> int:
    """Appends a line to a file, outside of any ledger, and fails its first runs."""
    attempt = _mark(path)
    if attempt <= times_to_fail:
        raise ConnectionError(f"attempt {attempt} was to fail")
    return attempt


@email_queue.task(max_retries=5)
def kill_own_process(path: str, times: int) -> int:
    attempt = _mark(path)
    if attempt <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return attempt


@email_queue.task(max_retries=1)
def eat_memory(path: str, most: int) -> int:
    """Takes memory until the kernel gives none: so many bytes more than it has now."""
    _mark(path)
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + most, resource.RLIM_INFINITY))
    eaten = []
    while True:
        eaten.append(bytearray(1_000_000))


@email_queue.task(max_retries=20)
def eat_time(path: str) -> None:
    """Computes until the kernel ends its process: for a second more than it has by now."""
    _mark(path)
    most = math.ceil(sum(os.times()[:2])) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    while True:
        pass


@email_queue.task()
def wait_for_file(path: str, mark: str = "") -> str:
    """Runs until a file appears. Asks at every look whether to stop."""
    if mark:
        _mark(mark)
    look = 0
    while not Path(path).exists():
        look += 1
        context.progress(look, look + 1_000_000, "waiting")
        time.sleep(0.05)
    return path


@email_queue.task(max_retries=5)
def copy_pages(pages: int, trouble: Sequence[str] = (), path: str = "") -> list[int]:
    """Goes on after the last page kept. Each attempt meets its trouble, if there is any for it, after one page."""
    running = context.current()
    attempt = running.attempt if running else 1
    copied = []
    for page in range(context.resume(0), pages):
        if path:
            _mark(path)
        copied.append(page)
        context.checkpoint(page + 1)
        if attempt <= len(trouble):
            _die() if trouble[attempt - 1] == "die" else _raise(trouble[attempt - 1])
    return copied


@email_queue.task()
def sleep_through(seconds: float, mark: str = "") -> None:
    """Neither looks nor stops: stuck."""
    if mark:
        _mark(mark)
    threading.Event().wait(seconds)


@email_queue.task(max_retries=1, soft_time_limit=1, time_limit=2)
def ignore_soft_limit(mark: str) -> None:
    """Survives its soft limit, so that only the hard one ends it."""
    _mark(mark)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            time.sleep(60)
        except Exception:  # noqa: BLE001 - being hard to stop is the point
            continue


@email_queue.task(max_retries=0, soft_time_limit=1, time_limit=30)
def meet_soft_limit() -> None:
    time.sleep(20)


@email_queue.task()
def log_and_fail(*lines: str) -> None:
    for line in lines:
        logging.getLogger("tests.tasks").warning(line)
    raise RuntimeError("failed after logging")


@email_queue.task()
def answer(with_: str) -> None:
    _raise(with_)


@email_queue.task(permanent=(LookupError,))
def look_up() -> None:
    raise KeyError("no such thing")


class Throttled(ConnectionError):
    """More specific than what its task is patient with."""


@email_queue.task(
    max_retries=1,
    retry={
        ConnectionError: RetryRule(max_retries=3, delay=5, backoff=3, max_delay=20),
        Throttled: RetryRule(delay=100),
        OSError: RetryRule(max_retries=0),
    },
    permanent=(ConnectionRefusedError, LookupError),
)
def call_api(errors_of: Sequence[str] = ()) -> str:
    """Raises the error of this attempt, if there is one for it."""
    running = context.current()
    attempt = running.attempt if running else 1
    if attempt <= len(errors_of):
        raise {kind.__name__: kind for kind in API_ERRORS}[errors_of[attempt - 1]](f"attempt {attempt}")
    return "done"


API_ERRORS = (ConnectionResetError, Throttled, ConnectionRefusedError, FileNotFoundError, KeyError, ValueError)


@email_queue.task(effects=True)
def buy(shop: str, wait_for: str = "", mark: str = "") -> str:
    """Its effect is a line in a file, outside of any ledger; it takes until another file appears."""
    running = context.current()
    assert running is not None
    key = f"buy:{running.id}"

    def order() -> Receipt:
        with Path(shop).open("a") as file:
            file.write(f"{key}\n")
        if mark:
            _mark(mark)
        while wait_for and not Path(wait_for).exists():
            time.sleep(0.05)
        return Receipt(f"ORDER-{key}")

    def look_up(effect: Effect) -> Receipt | Doubt:
        return Receipt(f"ORDER-{key}") if key in Path(shop).read_text() else Doubt.SURELY_NOT

    return effects.once(key, kind="order", do=order, resolve=look_up, seconds=5).provider_id


@email_queue.task()
def return_object() -> object:
    return object()


@email_queue.task()
def return_too_much() -> str:
    return "x" * 2_000_000


@email_queue.task()
def return_odd(kind: str) -> Any:
    match kind:
        case "deep":
            deep: list[Any] = []
            for _ in range(100_000):
                deep = [deep]
            return deep
        case "round":
            round_: list[Any] = []
            round_.append(round_)
            return round_
        case "nan":
            return float("nan")
        case "dates":
            return {"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "id": uuid.UUID(int=5)}
        case _:
            return "a\x00b\ud800"


@crm_queue.task(atomic=True)
def rename_and_return_object(username: str, to: str) -> object:
    rename_user(username, to)
    return object()


@email_queue.task()
def raise_text(text: str) -> None:
    raise ValueError("before\x00 after \ud800" if text == "null" else text)


@email_queue.task()
def answer_oddly(kind: str) -> None:
    text = "odd\x00 \ud800"
    answers: dict[str, BaseException] = {
        "snooze": errors.Snooze(1, text),
        "held": errors.Held("odd", text),
        "discard": errors.Discard(text),
        "fail": errors.Fail(text, code=text),
        "retry": errors.Retry(1, text),
        "doubt": errors.InDoubt(text),
    }
    raise answers[kind]


@email_queue.task()
def log_badly() -> str:
    logging.getLogger("tests.tasks").warning("%d of %d", "one")  # noqa: PLE1206 - wrong on purpose
    return "done"


@email_queue.task()
def who_am_i() -> dict[str, Any]:
    running = context.current()
    request = celery.current_app.tasks["who_am_i"].request
    assert running is not None
    return {
        "id": str(running.id),
        "attempt": running.attempt,
        "owner_id": running.owner_id,
        "correlation_id": running.correlation_id,
        "request_id": request.id,
        "retries": request.retries,
        "log_context": dict(structlog.contextvars.get_contextvars()),
    }


@email_queue.task(effects=True)
def have_effect() -> None:
    """Its effects are the test's own."""


@email_queue.task()
def enqueue_child() -> str:
    return str(services.enqueue("echo", {"value": "child"}).pk)


@email_queue.task()
def take_all(first: int, *rest: int, **more: int) -> list[Any]:
    return [first, list(rest), more]


@shared_task
def plain_celery(value: int) -> int:
    """What a library brings along: it knows nothing of our queues."""
    return value + 1


@shared_task(bind=True, max_retries=2)
def bound(self: Task[Any, Any], a: int, b: int = 2) -> list[int]:
    return [a, b, self.request.retries]


@shared_task(bind=True)
def retries_itself(self: Task[Any, Any], countdown: float | None = None, eta: str = "") -> None:
    when = datetime.fromisoformat(eta) if eta else None
    raise self.retry(exc=ValueError("not yet"), countdown=countdown, eta=when)


@email_queue.task(retry={ValueError: RetryRule(delay=500, max_retries=0)})
def retries_what_it_caught(countdown: float | None = None) -> None:
    raise celery.current_app.tasks["retries_what_it_caught"].retry(exc=ValueError("not yet"), countdown=countdown)


@shared_task(autoretry_for=(Exception,), retry_backoff=False, default_retry_delay=7)
def auto_retried(with_: str = "") -> None:
    _raise(with_)
    raise ValueError("not yet")


def _mark(path: str) -> int:
    """One line for this attempt; returns its number."""
    running = context.current()
    attempt = running.attempt if running else 0
    with Path(path).open("a") as file:
        file.write(f"{attempt} {os.getpid()}\n")
    return attempt


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise(what: str) -> None:
    answers: dict[str, BaseException] = {
        "retry": errors.Retry(42, "busy there"),
        "retry for free": errors.Retry(42, "rate limited", counts=False),
        "snooze": errors.Snooze(9, "next page"),
        "discard": errors.Discard("nothing to do"),
        "cancelled": errors.Cancelled("cancelled while running"),
        "fail": errors.Fail("no such mailbox", code="MAILBOX_GONE"),
        "doubt": errors.InDoubt("the connection dropped after the last dot"),
        "superseded": errors.Superseded("another attempt owns this job"),
        "ignore": Ignore("not mine"),
        "reject": Reject("unwanted"),
        "requeue": Reject("later", requeue=True),
        "soft limit": SoftTimeLimitExceeded(),
        "out of memory": MemoryError("no more"),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "error": ValueError("bad value"),
    }
    if what:
        raise answers[what]
