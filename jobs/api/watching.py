"""Everybody who watches over server-sent events, and the one look at the ledger that serves them all.

One for each event loop, so for each web process. Nobody watches: nobody looks.
"""

from __future__ import annotations

import asyncio
import json
import uuid
import weakref
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

import structlog
from django.db import DatabaseError, close_old_connections, connection

from jobs import changes, clock
from jobs.api.shapes import job_row
from jobs.changes import State
from jobs.models import Job, JobQuerySet, JobStatus

EVERY = 0.25  # seconds between looks

log = structlog.stdlib.get_logger("jobs")


@dataclass(eq=False)
class Watcher:
    """One open stream. `jobs`: what its user may see. `job_id`: the one job that it is about, if it is about one."""

    user_id: int
    jobs: JobQuerySet
    job_id: uuid.UUID | None = None
    told: State | None = None  # of that one job
    fresh: bool = True  # has missed what other watchers were told lately
    news: dict[uuid.UUID, str] = field(default_factory=dict)  # the latest of each job: a slow reader costs no memory
    too_much: bool = False
    at: datetime | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, job_id: uuid.UUID, text: str, state: State) -> None:
        self.told = state
        if len(self.news) >= changes.MOST and job_id not in self.news:
            self.skip()
        elif not self.too_much:
            self.news[job_id] = text

    def skip(self) -> None:
        """There is more than can be told: its reader is to look again."""
        self.too_much = True
        self.news.clear()


@dataclass
class Look:
    """What one look at the ledger found: jobs that may have changed, all that run, and what each user sees of them."""

    at: datetime
    watchers: set[Watcher]
    jobs: dict[uuid.UUID, Job]
    running: dict[uuid.UUID, State]
    new: set[uuid.UUID]
    too_much: bool
    seen: dict[int, set[uuid.UUID]]

    def concerning(self, watcher: Watcher) -> set[uuid.UUID]:
        """What a watcher would be told, if they may see it."""
        if watcher.job_id:
            job = self.jobs.get(watcher.job_id)
            return {watcher.job_id} if job and changes.state(job) != watcher.told else set()
        return set(self.jobs) if watcher.fresh else self.new

    def news_of(self, watcher: Watcher) -> set[uuid.UUID]:
        return self.concerning(watcher) & self.seen[watcher.user_id]


class Hub:
    """Looks four times a second while somebody watches, and tells each watcher what is new to it."""

    _hubs: ClassVar[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]] = weakref.WeakKeyDictionary()

    @classmethod
    def here(cls) -> Hub:
        """Of the running event loop."""
        return cls._hubs.setdefault(asyncio.get_running_loop(), cls())

    def __init__(self) -> None:
        # Weak: a stream that was dropped before its end, or before its beginning, is not served for ever.
        self._watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()
        self._known: dict[uuid.UUID, State] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch())

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        at: datetime | None = None
        with ThreadPoolExecutor(1, "watching") as thread:  # one thread, so one database connection
            try:
                while self._watchers:
                    found = await loop.run_in_executor(thread, self._look, at, set(self._watchers))
                    if found:
                        self._tell(found)
                        at = found.at
                    await asyncio.sleep(EVERY)
            finally:
                self._known.clear()
                thread.submit(_close)

    def _look(self, at: datetime | None, watchers: set[Watcher]) -> Look | None:
        """In the thread. None while the database is away: the next look goes back as far as is needed."""
        try:
            close_old_connections()
            return _look(at, watchers, self._known)
        except DatabaseError as error:
            log.warning("cannot look for changes", action="watching_blind", error=type(error).__name__)
            return None

    def _tell(self, found: Look) -> None:
        states = {pk: changes.state(job) for pk, job in found.jobs.items()}
        texts: dict[uuid.UUID, str] = {}
        for watcher in found.watchers & set(self._watchers):
            watcher.at = found.at
            if found.too_much and not watcher.job_id:
                watcher.skip()
            for pk in found.news_of(watcher):
                watcher.tell(pk, texts.get(pk) or texts.setdefault(pk, encoded(found.jobs[pk])), states[pk])
            if watcher.news or watcher.too_much:
                watcher.ready.set()
            watcher.fresh = False
        self._known = found.running | states


def _close() -> None:
    connection.close()  # the calling thread's own: it has to be looked up there


def encoded(job: Job) -> str:
    return json.dumps(job_row(job))


def _look(at: datetime | None, watchers: set[Watcher], known: dict[uuid.UUID, State]) -> Look:
    now = clock.now()
    single = {watcher.job_id for watcher in watchers if watcher.job_id}
    lists = any(watcher.job_id is None for watcher in watchers)
    found = changes.since(at or now) if lists else []
    running = changes.running() if lists else {}
    jobs = changes.rows({*(found or ()), *(_moved(known, running, watchers) if lists else ()), *single})
    new = {pk for pk, job in jobs.items() if known.get(pk) != changes.state(job)}
    look = Look(now, watchers, jobs, running, new, found is None, {})
    by_user: dict[int, list[Watcher]] = defaultdict(list)
    for watcher in watchers:
        by_user[watcher.user_id].append(watcher)
    for user_id, theirs in by_user.items():
        wanted = set().union(*(look.concerning(watcher) for watcher in theirs))
        look.seen[user_id] = changes.seen_by(theirs[0].jobs, wanted)
    return look


def _moved(known: dict[uuid.UUID, State], running: dict[uuid.UUID, State], watchers: set[Watcher]) -> set[uuid.UUID]:
    """Jobs whose progress has moved, or that ran at the last look and run no more, whatever became of them.

    Who has just come is told of all that run, where they are few; else they have been sent to look for themselves.
    """
    ran = {pk for pk, state in known.items() if state[0] == JobStatus.PROCESSING}
    gone = ran - running.keys()
    if len(running) <= changes.MOST and any(watcher.fresh for watcher in watchers):
        return gone | running.keys()
    return gone | {pk for pk in running if pk in known and running[pk] != known[pk]}
