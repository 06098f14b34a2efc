"""`python -m benchmarks.gmail_reader ADDRESS`: syncs one account as a worker would, and says what that cost it."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import django

EVERY = 0.5  # seconds between two looks at the memory
MIB = 1024 * 1024


class Memory(threading.Thread):
    """Looks at this process's resident memory until it is told to end."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self.looks: list[int] = []

    def run(self) -> None:
        from benchmarks import cpu

        while not self._over.wait(EVERY):
            self.looks.append(cpu.rss(os.getpid()))

    def end(self) -> dict[str, float]:
        self._over.set()
        self.join()
        half = len(self.looks) // 2
        return {
            "rss_mib_first_half": round(max(self.looks[:half] or [0]) / MIB, 1),
            "rss_mib_second_half": round(max(self.looks[half:] or [0]) / MIB, 1),
        }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fikiri.settings")
    django.setup()
    from fikiri import places
    from fikiri.laptop.valkey import Valkey

    redis = Valkey(places.redis_socket(), places.var() / "redis", places.var() / "redis.log")
    redis.start()
    try:
        print(json.dumps(measure(sys.argv[1])))
    finally:
        redis.stop()


def measure(address: str) -> dict[str, Any]:
    job_id = _asked_for(address)
    memory = Memory()
    memory.start()
    began, spent = time.monotonic(), time.process_time()
    stored = _sync(job_id)
    seconds = time.monotonic() - began
    return {
        "stored": stored,
        "seconds": round(seconds, 1),
        "cores": round((time.process_time() - spent) / seconds, 3),
        **memory.end(),
    }


def _asked_for(address: str) -> Any:
    from django.contrib.auth import get_user_model

    from email_automation import services
    from email_automation.connecting import accounts
    from email_automation.models import Mailbox, Provider
    from jobs import clock

    user = get_user_model()._default_manager.create(username="shop", email=address)
    mailbox = Mailbox.objects.create(user=user, kind="gmail", name="Gmail", location=address, window_days=None)
    until = clock.now() + timedelta(hours=12)
    tokens = {"refresh_token": f"refresh-{address}", "access_token": f"access-{address}", "access_until": until}
    accounts.keep(mailbox, Provider.GMAIL, address, **tokens)
    return services.sync_mailbox(mailbox).pk


def _sync(job_id: Any) -> int:
    """To its end, waiting where a worker would be told to come back."""
    from email_automation.syncing import sync
    from jobs.errors import Snooze

    pause = threading.Event()
    while True:
        try:
            return int(sync.run(job_id).synced)
        except Snooze as later:
            pause.wait(later.seconds)


if __name__ == "__main__":
    main()
