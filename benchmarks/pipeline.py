"""The whole way of a mail, with the real product: `manage.py up --once` on a made-up mailbox, watched from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression
from typing import Any

from benchmarks import cpu, mailbox
from fikiri.laptop.lifeline import ends_with_parent
from fikiri.places import BASE
from tests.servers.ports import free_port

EVERY = 1.0  # seconds between two looks at the workers' memory
WARM = 0.25  # of the run: by then models are loaded and caches full
READY = "Ctrl-C stops everything"
MIB = 1024 * 1024

Say = Callable[[str], None]


@dataclass(frozen=True)
class Look:
    """The workers' resident memory in bytes at a moment, pages that they share counted in each."""

    seconds: float
    rss: int
    processes: int


def run(messages: int, say: Say) -> dict[str, Any]:
    """Measure once, in a folder of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fikiri-bench-") as scratch:
        folder = Path(scratch)
        mbox = folder / "mail.mbox"
        mailbox.write(mbox, messages)
        say(f"{messages} messages, {mbox.stat().st_size / MIB:.1f} MiB")
        began = time.time()
        summary, looks = _once(mbox, folder, say)
        timings = _timings(folder / "var" / "fikiri.sqlite3", began)
        return {
            "messages": messages,
            **timings,
            "pipeline_per_second": summary["messages_per_second"],
            **memory(looks, messages),
            "second_start_seconds": _second_start(folder),
            "summary": summary,
        }


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    ports = {name: str(free_port()) for name in ("WEB_PORT", "FLOWER_PORT", "SMTP_PORT")}
    return {**kept, **ports, "FIKIRI_VAR": str(folder / "var"), "FIKIRI_LAPTOP": "1", "LOG_LEVEL": "WARNING"}


def _up(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(folder / "log").open("a"),
        text=True,
        cwd=BASE,
        env=_environment(folder),
        preexec_fn=ends_with_parent(),
    )


def _once(mbox: Path, folder: Path, say: Say) -> tuple[dict[str, Any], list[Look]]:
    began = time.monotonic()
    looks: list[Look] = []
    up = _up(folder, "--once", "--mailbox", str(mbox), "--json")
    while True:
        try:
            output, _ = up.communicate(timeout=EVERY)
            break
        except subprocess.TimeoutExpired:
            workers = [pid for pid in cpu.tree(up.pid) if _is_worker(pid)]
            looks.append(Look(time.monotonic() - began, sum(map(cpu.rss, workers)), len(workers)))
    if up.returncode:
        raise RuntimeError(f"manage.py up --once ended with {up.returncode}:\n{(folder / 'log').read_text()[-3000:]}")
    say(f"done in {time.monotonic() - began:.0f} s")
    summary: dict[str, Any] = json.loads(output.splitlines()[-1])
    return summary, looks


def _is_worker(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"worker" in command


def _timings(database: Path, began: float) -> dict[str, float]:
    """From the ledger and the sync's own row."""
    with closing(sqlite3.connect(database)) as connection:
        (found, first, last) = connection.execute(
            "SELECT found, started_at, finished_at FROM email_automation_syncrun"
        ).fetchone()
        (classified,) = connection.execute(
            "SELECT min(finished_at) FROM jobs_job WHERE task = 'classify_message' AND status = 'completed'"
        ).fetchone()
    seconds = (_moment(last) - _moment(first)).total_seconds()
    return {
        "sync_per_second": round(found / seconds, 1),
        "first_classified_seconds": round(_moment(classified).timestamp() - began, 2),
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def memory(looks: Sequence[Look], messages: int) -> dict[str, float]:
    """The workers' memory once warm, and how much it grows with each thousand messages.

    Starting and stopping, when not all processes are there, is left out.
    """
    whole = [look for look in looks if look.processes == max(look.processes for look in looks)]
    begin, end = whole[0].seconds, whole[-1].seconds
    warm = [look for look in whole if look.seconds >= begin + WARM * (end - begin)]
    slope, _ = linear_regression([look.seconds for look in warm], [look.rss / MIB for look in warm])
    per_second = messages / (end - begin)
    return {
        "worker_processes": whole[0].processes,
        "worker_rss_mib_warm": round(warm[0].rss / MIB, 1),
        "worker_rss_mib_max": round(max(look.rss for look in looks) / MIB, 1),
        "worker_rss_mib_per_1000_messages": round(slope / per_second * 1000, 2),
    }


def _second_start(folder: Path) -> float:
    """Seconds from the command to all of it running, on what the first start made."""
    began = time.monotonic()
    up = _up(folder)
    assert up.stdout is not None
    try:
        for line in up.stdout:
            if re.search(READY, line):
                return round(time.monotonic() - began, 2)
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)
    raise RuntimeError(f"manage.py up did not start:\n{(folder / 'log').read_text()[-3000:]}")
