"""A Gmail account is synced from the tests' stand-in, whose quota moves: how much of it is used, and what that costs.

The stand-in runs here, the sync in a process of its own on a new database, so that only the sync is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import mailbox
from fikiri.laptop.lifeline import ends_with_parent
from fikiri.places import BASE
from tests.servers.gmail import GmailServer
from tests.servers.gmail.units import Allowance

ADDRESS = "shop@fikiri.example"
FACTORS = (1.0, 0.6, 1.0)  # of what is allowed, one after the other
START = 0.8  # of what is allowed: where the account begins, as 4,800 of Google's 6,000
WINDOW = 5.0  # seconds over which the stand-in counts

Say = Callable[[str], None]


def run(messages: int, allowed: int, say: Say) -> dict[str, Any]:
    """Sync so many messages from a stand-in that allows so many units a minute, and for a third of them less."""
    with tempfile.TemporaryDirectory(prefix="fikiri-bench-") as scratch, GmailServer() as server:
        box = server.account(ADDRESS)
        for entry in mailbox.take(messages):
            box.deliver(entry.partition(b"\n")[2])
        allowance = server.allowances[ADDRESS] = Allowance(per_minute=allowed, burst=WINDOW)
        say(f"{messages} messages, {allowed:,} units a minute: about {messages * 20 / allowed * 1.2:.1f} minutes")
        figures = _read(Path(scratch), server, allowed, Quota(allowance, allowed, messages))
        return figures | {"messages": messages, "allowed_units_a_minute": allowed}


class Quota(threading.Thread):
    """Lowers what is allowed for the second third of the messages, and counts what could have been used."""

    def __init__(self, allowance: Allowance, allowed: int, messages: int) -> None:
        super().__init__(daemon=True)
        self._allowance = allowance
        self._allowed = allowed
        self._step = messages * 20 / len(FACTORS)
        self._over = threading.Event()
        self.usable = 0.0

    def run(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.05):
            now = time.monotonic()
            if self._allowance.used > 30:  # it has begun to read
                self.usable += (self._allowance.per_minute or 0.0) / 60 * (now - last)
            last = now
            third = min(len(FACTORS) - 1, int(self._allowance.used / self._step))
            self._allowance.per_minute = self._allowed * FACTORS[third]

    def end(self) -> dict[str, float]:
        self._over.set()
        self.join()
        asked = self._allowance.used / 20 + self._allowance.refused
        return {
            "used_of_allowed": round(self._allowance.used / self.usable, 3),
            "refused_of_asked": round(self._allowance.refused / asked, 4),
        }


def _read(folder: Path, server: GmailServer, allowed: int, quota: Quota) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    env = {
        **kept,
        "FIKIRI_VAR": str(folder),
        "FIKIRI_LAPTOP": "1",
        "LOG_LEVEL": "WARNING",
        "GMAIL_API_ROOT": server.url,
        "GOOGLE_TOKEN_URI": server.token_url,
        "GMAIL_USER_UNITS": str(int(allowed * START)),
        "GMAIL_USER_UNITS_LIMIT": str(allowed * 3),
        "GMAIL_PROJECT_UNITS": str(allowed * 200),
    }
    common: dict[str, Any] = {"cwd": BASE, "env": env, "preexec_fn": ends_with_parent()}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True, **common)
    quota.start()
    command = [sys.executable, "-m", "benchmarks.gmail_reader", ADDRESS]
    read = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **common)
    figures: dict[str, Any] = json.loads(read.stdout.splitlines()[-1])
    return figures | quota.end()
