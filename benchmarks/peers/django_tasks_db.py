"""django-tasks' database backend: a row for each job, polled once a second."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import django

from benchmarks.marks import mark

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.django_settings"
django.setup()

from django_tasks import task  # type: ignore[import-not-found]  # noqa: E402


@task()  # type: ignore[untyped-decorator]
def job(number: int) -> None:
    mark(number)


class Peer:
    def setup(self) -> None:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)

    def clear(self) -> None:
        self._results().delete()

    def enqueue_one(self, number: int) -> None:
        job.enqueue(number)

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            job.enqueue(number)

    def is_drained(self, jobs: int) -> bool:
        return bool(self._results().filter(status="SUCCESSFUL").count() >= jobs)

    def programs(self, events: bool) -> dict[str, list[str]]:
        settings = f"--settings={os.environ['DJANGO_SETTINGS_MODULE']}"
        command = [sys.executable, "-m", "django", "db_worker", settings, "--no-reload", "--verbosity=0"]
        return {"worker": command, "second": command}

    def _results(self) -> Any:  # its types are in the other environment
        from django_tasks_db.models import DBTaskResult  # type: ignore[import-not-found]

        return DBTaskResult.objects.all()
