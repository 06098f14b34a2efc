"""A hundred open pages, each following as `live.js` does: how soon a change is told to them, and what they cost."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SETTLING = 10  # seconds in which what opening the pages has set going comes to an end
CHANGES = 40  # one a second: as long as a page rests, so that each is asked for again about once
PATIENCE = 60  # seconds for a page to be opened, or a change to be told


@dataclass
class Told:
    """When each job's change was told, to each page that it concerns; and how often pages were asked for again."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    looks: int = 0


def measure(pages: list[dict[str, str]], port: int, work: Callable[[], float], change: list[str], env: Any) -> Any:
    """`change`: the command that changes a job's state for each line that it reads, and says which job's."""
    return asyncio.run(_measure(pages, port, work, change, env))


async def _measure(
    pages: list[dict[str, str]], port: int, work: Callable[[], float], change: list[str], env: Any
) -> dict[str, Any]:
    told = Told()
    changing = await asyncio.create_subprocess_exec(
        *change, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=env
    )
    opened: list[asyncio.Event] = [asyncio.Event() for _ in pages]
    following = [
        asyncio.create_task(_follow(page, port, told, event)) for page, event in zip(pages, opened, strict=True)
    ]
    try:
        for event in opened:
            await asyncio.wait_for(event.wait(), PATIENCE)
        await asyncio.sleep(SETTLING)
        late: list[float] = []
        cores = await _cores(work, _change(changing, told, late))
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        changing.terminate()
        await changing.wait()
    return {
        "pages": len(pages),
        "told_p50_ms": round(1000 * statistics.median(late)),
        "told_p95_ms": round(1000 * sorted(late)[round(0.95 * len(late)) - 1]),
        "told_most_ms": round(1000 * max(late)),
        "cores": round(cores, 2),
        "looks_a_second": round(told.looks / CHANGES, 1),
    }


async def _change(changing: asyncio.subprocess.Process, told: Told, late: list[float]) -> None:
    """Change one job a second, and see when it is told."""
    assert changing.stdin
    assert changing.stdout
    told.looks = 0
    began: dict[str, float] = {}
    for _ in range(CHANGES):
        changing.stdin.write(b"\n")
        job, committed = (await changing.stdout.readline()).decode().split()
        began[job] = float(committed)
        await asyncio.sleep(1)
    times = [(began[job], moment) for job, moments in told.times.items() if job in began for moment in moments]
    late += [max(0.0, moment - committed) for committed, moment in times]


async def _cores(work: Callable[[], float], act: Any) -> float:
    spent, began = work(), time.monotonic()
    await act
    return (work() - spent) / (time.monotonic() - began)


async def _follow(page: dict[str, str], port: int, told: Told, opened: asyncio.Event) -> None:
    """One page: asked for once, then told of changes, then asked for again, no sooner than the server says."""
    text = await _get(page, page["path"], port)
    made, rest = _said(text, "made"), float(_said(text, "rest"))
    events = page["events"] if page["job"] else f"{page['events']}?since={made}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    looking: asyncio.Task[float] | None = None
    try:
        writer.write(_request(page, events))
        async for line in reader:
            if not line.startswith(b"event: "):
                continue
            opened.set()
            name = line.split()[1]
            data = next_data(await reader.readline(), await reader.readline())
            if name == b"job" and not page["job"]:
                told.times[data["job_id"]].append(time.monotonic())
            if name in (b"job", b"reset") and (looking is None or looking.done()):
                rest = looking.result() if looking else rest
                looking = asyncio.create_task(_look(page, port, told, rest))
    finally:
        writer.close()


def next_data(*lines: bytes) -> dict[str, Any]:
    """Of an event, with or without an id."""
    text = next((line for line in lines if line.startswith(b"data: ")), b"data: {}")
    found: dict[str, Any] = json.loads(text.removeprefix(b"data: "))
    return found


async def _look(page: dict[str, str], port: int, told: Told, rest: float) -> float:
    """Rest, then look. Returns how long to rest before the next time."""
    await asyncio.sleep(rest)
    text = await _get(page, page["path"], port)
    told.looks += 1
    return float(_said(text, "rest"))


async def _get(page: dict[str, str], path: str, port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_request(page, path))
        return (await reader.read()).decode()
    finally:
        writer.close()


def _request(page: dict[str, str], path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={page['session']}\r\n"
        "X-Jobs-Live: 1\r\nConnection: close\r\n\r\n"
    ).encode()


def _said(text: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]+)"', text)
    if not found:
        raise RuntimeError(f"A page without data-{name}: {text[:300]}")
    return found[1]
