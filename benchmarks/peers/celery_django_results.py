"""Celery with django-celery-results, configured as Celery's guide for Django does."""

import os
from collections.abc import Sequence

import django
import redis
from celery import Celery

from benchmarks.marks import mark
from benchmarks.peers.celery_plain import worker

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.django_settings"

app = Celery("documented", broker=os.environ["REDIS_URL"])
app.conf.update(result_backend="django-db", task_track_started=True, task_time_limit=30 * 60)


@app.task
def job(number: int) -> None:
    mark(number)


class Peer:
    module = __name__

    def __init__(self) -> None:
        django.setup()
        self.redis = redis.Redis.from_url(os.environ["REDIS_URL"])

    def setup(self) -> None:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)

    def clear(self) -> None:
        from django_celery_results.models import TaskResult

        self.redis.flushdb()
        TaskResult.objects.all().delete()

    def enqueue_one(self, number: int) -> None:
        job.delay(number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            job.delay(number)

    def is_drained(self, jobs: int) -> bool:
        from django_celery_results.models import TaskResult

        return bool(TaskResult.objects.filter(status="SUCCESS").count() >= jobs)

    def programs(self, events: bool) -> dict[str, list[str]]:
        return {"worker": worker(self.module, events)}
