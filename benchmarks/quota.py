"""How much of a quota that moves is used, and how many calls are refused: the real controller, database and HTTP."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMITS = (4_800, 3_000, 6_000, 3_600)  # units a minute, one after the other
EVERY = 60.0  # seconds each
ACCOUNT = "gmail:benchmark@gmail.com"
WORKERS = 8

Say = Callable[[str], None]


def run(seconds: int, say: Say) -> dict[str, Any]:
    """Workers read messages as fast as they may, in a database of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fikiri-bench-") as scratch:
        os.environ |= {"FIKIRI_VAR": scratch, "FIKIRI_LAPTOP": "1", "DJANGO_SETTINGS_MODULE": "fikiri.settings"}
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        say(f"{WORKERS} workers for {seconds} s")
        with _provider() as url, ThreadPoolExecutor(WORKERS) as pool:
            counts = sum(pool.map(lambda _: _read(url, time.monotonic() + seconds), range(WORKERS)), Counter[int]())
    from tests.email_automation.moving_quota import GET, steps

    limit = steps(*LIMITS, every=EVERY)
    allowed = sum(limit(second) for second in range(seconds)) / 60
    calls = counts.total()
    return {"seconds": seconds, "calls": calls, "used": counts[200] * GET / allowed, "refused": counts[429] / calls}


def _read(url: str, until: float) -> Counter[int]:
    """What one worker was answered, by status."""
    import requests
    from django.db import connection

    from email_automation.quota import controller as quota
    from jobs.errors import Snooze

    answers = Counter[int]()
    pause = threading.Event()
    with requests.Session() as session:
        while time.monotonic() < until:
            try:
                quota.reserve(ACCOUNT, quota.cost("messages.get"))
            except Snooze as answer:  # as a job would
                pause.wait(min(answer.seconds, until - time.monotonic()))
                continue
            status = session.get(url, timeout=10).status_code
            quota.learned(ACCOUNT, status)
            answers[status] += 1
    connection.close()
    return answers


@contextmanager
def _provider() -> Iterator[str]:
    """Somebody's API that answers as long as its limit allows."""
    from tests.email_automation.moving_quota import GET, Bucket, steps

    bucket, lock, began = Bucket(steps(*LIMITS, every=EVERY), 5, level=400), threading.Lock(), time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with lock:
                answers, _ = bucket.ask(time.monotonic() - began, GET)
            self.send_response(200 if answers else 429)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
