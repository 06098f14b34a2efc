"""RQ: Redis, a forked process for each job, results in Redis."""

import os
import sys
from collections.abc import Sequence

import redis
from rq import Queue  # type: ignore[import-not-found]
from rq.registry import FinishedJobRegistry  # type: ignore[import-not-found]

from benchmarks.marks import mark


def job(number: int) -> None:
    mark(number)


class Peer:
    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])
        self.queue = Queue(connection=self.redis)

    def setup(self) -> None: ...

    def clear(self) -> None:
        self.redis.flushdb()

    def enqueue_one(self, number: int) -> None:
        self.queue.enqueue(job, number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        self.queue.enqueue_many([Queue.prepare_data(job, args=(number,)) for number in numbers])

    def is_drained(self, jobs: int) -> bool:
        return bool(FinishedJobRegistry(queue=self.queue).get_job_count(cleanup=False) >= jobs)

    def programs(self, events: bool) -> dict[str, list[str]]:
        command = [sys.executable, "-m", "rq.cli", "worker", "--url", os.environ["REDIS_URL"], "--quiet"]
        return {"worker": command, "second": command}
