"""Ours: a row for each job, claimed before it runs, its result in the database. The backlog is fed by a dispatcher."""

import os
import sys
from collections.abc import Sequence

import django
import redis
from django.db import connection

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.ours.settings"


class Peer:
    def __init__(self) -> None:
        django.setup()
        from jobs.doorbell import list_key

        self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])
        self.list = list_key("crm")

    def setup(self) -> None:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)

    def clear(self) -> None:
        self.redis.flushdb()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE jobs_job, django_celery_results_taskresult CASCADE")

    def make_room(self) -> None:
        """Take the rung messages away, as a worker that keeps up would: each enqueue finds room and pushes."""
        self.redis.delete(self.list)

    def delay_one(self, number: int, seconds: float) -> None:
        from jobs import services

        services.enqueue("benchmark_mark", {"number": number}, delay=seconds)

    def enqueue_one(self, number: int) -> None:
        from jobs import services

        services.enqueue("benchmark_mark", {"number": number})

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        from jobs import services

        services.enqueue_many("benchmark_mark", [{"number": number} for number in numbers])

    def is_drained(self, jobs: int) -> bool:
        from jobs.models import Job, JobStatus

        return Job.objects.filter(status=JobStatus.COMPLETED).count() >= jobs

    def programs(self, events: bool) -> dict[str, list[str]]:
        # The dispatcher first: it has to lead by the time that the worker is ready.
        worker = [sys.executable, "manage.py", "worker", "crm", "-c", "2"]
        return {
            "dispatcher": [sys.executable, "manage.py", "dispatcher"],
            "worker": worker if events else [*worker, "--without-task-events"],
        }
