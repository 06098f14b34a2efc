"""How fast the pages and lists are on a full ledger: each asked of a real web server, by three sorts of people."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import cpu, following, ledger
from benchmarks.ledger import Size
from benchmarks.ours.looking import ASK, QUERIES, SCANS
from benchmarks.servers import Servers, servers
from fikiri.laptop.lifeline import ends_with_parent
from fikiri.places import BASE
from tests.servers.ports import free_port

NAME = "pages"
SECRET = "of-this-run-only"
TOKEN = "of" * 16  # against forged forms, which the benchmark's are not

Say = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """The product on a scratch database."""

    servers: Servers
    folder: Path

    def run(self, *command: str) -> str:
        """A command of the product, to its end. Returns what it prints."""
        done = subprocess.run(
            [sys.executable, *command], check=True, stdout=subprocess.PIPE, text=True, cwd=BASE, env=self.env()
        )
        return done.stdout

    @contextlib.contextmanager
    def web(self) -> Iterator[tuple[int, Callable[[], float]]]:
        """The web server as deployed, one process. Yields its port, and how to ask what it and PostgreSQL spend."""
        port = free_port()
        command = [
            "-m",
            "uvicorn",
            "fikiri.asgi:application",
            "--port",
            str(port),
            "--lifespan",
            "off",
            "--no-access-log",
        ]
        server = subprocess.Popen(
            [sys.executable, *command],
            stdout=(self.folder / "web.log").open("ab"),
            stderr=subprocess.STDOUT,
            cwd=BASE,
            env=self.env(),
            preexec_fn=ends_with_parent(),
        )
        try:
            while not _answers(port):
                if server.poll() is not None:
                    raise RuntimeError(f"The web server ended:\n{(self.folder / 'web.log').read_text()[-3000:]}")
                time.sleep(0.1)
            database = self.servers.postgres_pid()
            yield port, lambda: cpu.of_tree(server.pid) + cpu.of_tree(database)
        finally:
            server.terminate()
            server.wait(30)

    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "benchmarks.ours.settings",
            "DATABASE_URL": self.servers.database_url(NAME, "producer"),
            "REDIS_URL": self.servers.redis_url(0),
            "FIKIRI_VAR": str(self.folder),
            "FIKIRI_LAPTOP": "1",
            "SECRET_KEY": SECRET,
            "JOBS_STAFF_ROLE": "none",
            "API_RATE_USER": "0",
            "LOG_LEVEL": "WARNING",
        }


def run(size: Size, rounds: int, say: Say) -> dict[str, Any]:
    """Fill a ledger, start the web server, ask for everything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fikiri-bench-")))
        site = Site(stack.enter_context(servers()), folder)
        site.servers.create_database(NAME)
        site.run("manage.py", "migrate", "--verbosity", "0")
        with psycopg.connect(site.servers.database_url(NAME, "producer"), autocommit=True) as connection:
            ledger.fill(connection.execute, size)
            ledger.settle(connection.execute)
        say(f"filled: {size}")
        people = json.loads(site.run("-m", "benchmarks.ours.visitors"))
        with site.web() as (port, work):
            change = [sys.executable, "-m", "benchmarks.ours.changing"]
            followed = following.measure(people["open"], port, work, change, site.env())
            say(f"followed: {followed}")
            rows = [
                row
                for name, visitor in people["visitors"].items()
                for row in visit(name, visitor, port, rounds, work, say)
            ]
    sizes = {"finished": size.finished, "waiting": size.waiting, "running": size.running}
    return {**sizes, **summary(rows), "followed": followed, "pages": rows}


def visit(
    name: str, visitor: dict[str, Any], port: int, rounds: int, work: Callable[[], float], say: Say
) -> Iterator[dict[str, Any]]:
    """Ask for every address of this person; those that are not for them are left out.

    `work`: seconds of processor time that web server and database have spent so far, whatever else the machine does.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Cookie": f"sessionid={visitor['session']}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN}
    for address in visitor["addresses"]:
        status, told, _ = _ask(connection, address, headers | {ASK: "1"})
        if status != 200:
            continue
        spent = work()
        times = [_ask(connection, address, headers)[2] for _ in range(rounds)]
        row = {
            "who": name,
            "name": address["name"],
            "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(_quantile(times, 0.95), 1),
            "work_ms": round(1000 * (work() - spent) / rounds, 1),
            "most_ms": address["most"],
            "queries": int(told[QUERIES]),
            "scans": int(told[SCANS]),
        }
        figures = " ".join(f"{row[column]:8}" for column in ("median_ms", "p95_ms", "work_ms", "queries", "scans"))
        say(f"{name:8} {figures}  {row['name']}")
        yield row
    connection.close()


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was missed, and the slowest."""
    late = [row for row in rows if row["p95_ms"] > row["most_ms"]]
    return {
        "addresses": len(rows),
        "late": [f"{row['who']}: {row['name']}" for row in late],
        "scans_of_the_job_table": sum(row["scans"] for row in rows),
        "slowest_p95_ms": max(row["p95_ms"] for row in rows),
        "median_work_ms": round(statistics.median(row["work_ms"] for row in rows), 1),
        "most_work_ms": max(row["work_ms"] for row in rows),
        "median_of_p95_ms": round(statistics.median(row["p95_ms"] for row in rows), 1),
    }


def _ask(
    connection: http.client.HTTPConnection, address: dict[str, Any], headers: dict[str, str]
) -> tuple[int, Any, float]:
    began = time.perf_counter()
    kind = "application/json" if address["path"].startswith("/api/") else "application/x-www-form-urlencoded"
    method, about = ("POST", {"Content-Type": kind}) if address["body"] else ("GET", {})
    connection.request(method, address["path"], address["body"] or None, headers | about)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers, 1000 * (time.perf_counter() - began)


def _quantile(times: list[float], share: float) -> float:
    return sorted(times)[max(0, round(share * len(times)) - 1)]


def _answers(port: int) -> bool:
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
    except OSError:
        return False
