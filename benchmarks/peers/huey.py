"""Huey: Redis, popped without acknowledgement, no result of a task that returns nothing."""

import os
import sys
from collections.abc import Sequence

import redis
from huey import RedisHuey  # type: ignore[import-not-found]

from benchmarks.marks import mark

app = RedisHuey("benchmark", url=os.environ["REDIS_URL"])


@app.task()  # type: ignore[untyped-decorator]
def job(number: int) -> None:
    mark(number)


class Peer:
    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])

    def setup(self) -> None: ...

    def clear(self) -> None:
        self.redis.flushdb()

    def enqueue_one(self, number: int) -> None:
        job(number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            job(number)

    def is_drained(self, jobs: int) -> bool:
        return bool(app.pending_count() == 0)

    def programs(self, events: bool) -> dict[str, list[str]]:
        consumer = [sys.executable, "-m", "huey.bin.huey_consumer", "benchmarks.peers.huey.app"]
        return {"worker": [*consumer, "-k", "process", "-w", "2", "-q"]}
