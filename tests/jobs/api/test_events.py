"""Progress and status by server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from rest_framework.test import APIClient

from jobs import changes, lifecycle, services
from jobs.api import events, watching
from jobs.clock import Now
from jobs.models import Job
from tests.jobs.api import states
from tests.jobs.api.conftest import Login

PATIENCE = 20  # seconds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.02)


class Reader:
    """Reads a stream's events, each as its name, id and data."""

    def __init__(self, response: Any) -> None:
        assert isinstance(response, StreamingHttpResponse), response.content
        self._written: Any = vars(response)["_iterator"]
        self._parts: Any = aiter(response)
        self._text = ""

    async def next(self) -> tuple[str, str, Any]:
        while "\n\n" not in self._text:
            part = await asyncio.wait_for(anext(self._parts), PATIENCE)
            self._text += part.decode()
        block, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
        return (fields["event"], fields.get("id", ""), json.loads(fields["data"])) if fields else await self.next()

    async def close(self) -> None:
        await self._parts.aclose()
        await self._written.aclose()  # as a server does when its client goes


async def looked() -> None:
    """The ledger was looked at, so that the next look finds what has changed since."""
    while not watching.Hub.here()._known:
        await asyncio.sleep(0.01)


async def nobody_watches() -> None:
    while (task := watching.Hub.here()._task) and not task.done():
        await asyncio.sleep(0.01)


def watch(client: APIClient, path: str, follow: Callable[[Reader], Any], **headers: Any) -> Any:
    """Open a stream, follow it with an async function, close it."""

    async def run() -> Any:
        reader = Reader(await sync_to_async(client.get)(path, **headers))
        try:
            return await follow(reader)
        finally:
            await reader.close()
            await asyncio.wait_for(nobody_watches(), PATIENCE)

    return async_to_sync(run)()


def test_a_job_is_followed_from_its_state_now_to_its_end(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)

    async def follow(reader: Reader) -> list[str]:
        first = await reader.next()
        claim = await sync_to_async(states.claimed)(job)
        second = await reader.next()
        await sync_to_async(lifecycle.complete)([(claim, "1")])
        return [data["status"] for _, _, data in (first, second, await reader.next())]

    assert watch(as_owner, f"/api/jobs/{job.pk}/events", follow) == ["pending", "processing", "completed"]


def test_progress_is_told(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    claim = states.claimed(job)

    async def follow(reader: Reader) -> float:
        await reader.next()
        await sync_to_async(lifecycle.progress)(claim, 3, 4, "nearly")
        _, _, data = await reader.next()
        return float(data["progress"])

    assert watch(as_owner, f"/api/jobs/{job.pk}/events", follow) == 75


def test_all_that_one_may_see_is_followed_and_nothing_else(as_owner: APIClient, owner: User, other: User) -> None:
    async def follow(reader: Reader) -> list[tuple[str, int]]:
        opened = await reader.next()
        await sync_to_async(states.waiting)(other.pk)
        mine = await sync_to_async(states.waiting)(owner.pk)
        _, _, made = await reader.next()
        await sync_to_async(states.cancelled)(other.pk)
        await sync_to_async(services.cancel)(mine.pk, by="owner")
        _, _, ended = await reader.next()
        return [(opened[0], 0), (made["status"], made["user_id"]), (ended["status"], ended["user_id"])]

    told = watch(as_owner, "/api/events", follow)
    assert told == [("open", 0), ("pending", owner.pk), ("cancelled", owner.pk)]


def test_what_was_missed_comes_first(as_owner: APIClient, owner: User, other: User) -> None:
    before = int((time.time() - 10) * 1000)
    mine = states.waiting(owner.pk)
    states.waiting(other.pk)

    async def follow(reader: Reader) -> list[Any]:
        return [await reader.next(), await reader.next()]

    for how in ({"HTTP_LAST_EVENT_ID": str(before)}, {}):
        path = "/api/events" if how else f"/api/events?since={before}"
        [missed, opened] = watch(as_owner, path, follow, **how)
        assert (missed[0], missed[2]["job_id"], opened[0]) == ("job", str(mine.pk), "open")
        assert int(missed[1]) > before


@pytest.mark.parametrize("last", ["1", "nonsense", "9" * 30])
def test_who_was_away_too_long_is_to_look_again(as_owner: APIClient, last: str) -> None:
    async def follow(reader: Reader) -> str:
        return (await reader.next())[0]

    assert watch(as_owner, "/api/events", follow, HTTP_LAST_EVENT_ID=last) == "reset"


def test_too_many_changes_are_not_told_one_by_one(
    as_owner: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST", 2)

    async def follow(reader: Reader) -> str:
        await reader.next()
        for _ in range(3):
            await sync_to_async(states.waiting)(owner.pk)
        while (event := await reader.next())[0] == "job":
            pass
        return event[0]

    assert watch(as_owner, "/api/events", follow) == "reset"


def test_a_change_is_told_however_many_jobs_run(
    as_owner: APIClient, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress of one, and the end of another, while more run than are told one by one."""
    monkeypatch.setattr(changes, "MOST", 2)
    jobs = [states.running(owner.pk) for _ in range(4)]
    Job.objects.update(created_at=Now(-3_600), started_at=Now(-3_600))

    async def follow(reader: Reader) -> list[tuple[str, Any, Any]]:
        assert (await reader.next())[0] == "open"
        await looked()
        await sync_to_async(Job.objects.filter(pk=jobs[1].pk).update)(progress_current=1, progress_total=4)
        moved = await reader.next()
        await sync_to_async(Job.objects.filter(pk=jobs[2].pk).update)(status="completed", finished_at=Now())
        ended = await reader.next()
        return [(name, data["job_id"], data["progress"]) for name, _, data in (moved, ended)]

    told = watch(as_owner, "/api/events", follow)
    assert told == [("job", str(jobs[1].pk), 25.0), ("job", str(jobs[2].pk), 100.0)]


@pytest.mark.parametrize("kind", ["list", "job"])
def test_the_more_pages_are_open_the_longer_each_rests(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that all of them together take the same share of a processor."""
    watchers = [watching.Watcher(number, Job.objects.all()) for number in range(100)]
    assert events.rest(kind) == events.RESTS[kind]
    monkeypatch.setattr(events, "_open", {number: {watcher} for number, watcher in enumerate(watchers)})
    assert 100 * events.WORK[kind] / events.rest(kind) <= events.SHARE + 0.01


def test_a_silent_stream_says_that_it_lives_and_ends_in_time(
    as_owner: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)
    monkeypatch.setattr(events, "LASTS", 1.0)

    async def follow(reader: Reader) -> str:
        parts: AsyncIterator[bytes] = reader._parts
        return "".join([part.decode() async for part in parts])

    assert watch(as_owner, "/api/events", follow).count(": still here") > 1


def test_a_user_has_a_bounded_number_of_streams(
    as_owner: APIClient, as_other: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST", 1)
    held = as_owner.get("/api/events")
    refused = as_owner.get("/api/events")
    assert (refused.status_code, refused.json()["code"]) == (429, "THROTTLED")
    assert as_other.get("/api/events").status_code == 200
    held.close()
    del held


def test_nothing_in_between_keeps_the_stream_back(as_owner: APIClient) -> None:
    headers = as_owner.get("/api/events", HTTP_ACCEPT="text/event-stream").headers
    assert (headers["Content-Type"], headers["X-Accel-Buffering"]) == ("text/event-stream", "no")
    assert "no-store" in headers["Cache-Control"]


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("other", 404)])
def test_strangers_follow_nothing(owner: User, other: User, logged_in: Login, who: str, status: int) -> None:
    client = logged_in(other if who == "other" else None)
    response = client.get(f"/api/jobs/{states.waiting(owner.pk).pk}/events", HTTP_ACCEPT="text/event-stream")
    assert (response.status_code, response.json()["success"]) == (status, False)


def test_nobody_watches_so_nobody_looks(as_owner: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = watching._look

    def counted(*args: Any) -> Any:
        looks.append(1)
        return look(*args)

    monkeypatch.setattr(watching, "_look", counted)

    async def follow(reader: Reader) -> None:
        await reader.next()
        while not looks:
            await asyncio.sleep(0.01)

    watch(as_owner, "/api/events", follow)
    assert looks
    assert not [task for hub in watching.Hub._hubs.values() if (task := hub._task) and not task.done()]
