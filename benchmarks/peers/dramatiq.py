"""Dramatiq: Redis, two processes of one thread each, no results."""

import os
import sys
from collections.abc import Sequence

import redis
from dramatiq import actor, set_broker  # type: ignore[import-not-found]
from dramatiq.brokers.redis import RedisBroker  # type: ignore[import-not-found]

from benchmarks.marks import mark

set_broker(RedisBroker(url=os.environ["REDIS_URL"]))


@actor  # type: ignore[untyped-decorator]
def job(number: int) -> None:
    mark(number)


class Peer:
    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])

    def setup(self) -> None: ...

    def clear(self) -> None:
        self.redis.flushdb()

    def enqueue_one(self, number: int) -> None:
        job.send(number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            job.send(number)

    def is_drained(self, jobs: int) -> bool:
        return not self.redis.hlen("dramatiq:default.msgs")

    def programs(self, events: bool) -> dict[str, list[str]]:
        command = [sys.executable, "-m", "dramatiq", "benchmarks.peers.dramatiq", "-p", "2", "-t", "1"]
        return {"worker": [*command, "--skip-logging"]}
