"""Plain Celery on Redis: no results, nothing durable but Redis."""

import os
import sys
from collections.abc import Sequence

import redis
from celery import Celery

from benchmarks.marks import mark

app = Celery("plain", broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True


@app.task
def job(number: int) -> None:
    mark(number)


class Peer:
    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])

    def setup(self) -> None: ...

    def clear(self) -> None:
        self.redis.flushdb()

    def enqueue_one(self, number: int) -> None:
        job.delay(number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            job.delay(number)

    def is_drained(self, jobs: int) -> bool:
        return not self.redis.llen("celery") and not self.redis.hlen("unacked")

    def programs(self, events: bool) -> dict[str, list[str]]:
        return {"worker": worker("benchmarks.peers.celery_plain", events)}


def worker(app: str, events: bool) -> list[str]:
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", "2", "-l", "WARNING"]
    return [*command, *(["-E"] if events else [])]
