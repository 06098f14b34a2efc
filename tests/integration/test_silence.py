"""A worker whose heart beats and whose pool hangs is found, and forgotten when it works again."""

import os
import signal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from jobs import health, services
from jobs.models import Canary, Job, WorkerBeat
from jobs.models.job import CANARY
from tests.integration.site import PATIENCE, Site
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]

SOON: dict[str, Any] = {"CANARY_EVERY": 1, "CANARY_WITHIN": 2}


def workerz() -> dict[str, str]:
    checks: dict[str, str] = Client().get("/workerz").json()["checks"]
    return checks


def test_a_worker_that_lives_and_takes_nothing_is_silent_until_it_does(own_site: Site) -> None:
    worker = own_site.worker("email", concurrency=1, **SOON)
    own_site.dispatcher(**SOON)
    eventually(lambda: Canary.objects.filter(queue="email", answered_at__isnull=False).exists(), PATIENCE, "an answer")
    assert workerz()["email"] == "ok"
    children = WorkerBeat.objects.get(pid=worker.pid).pids
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: workerz()["email"] == "silent", PATIENCE, "found")
    assert Job.objects.filter(task=CANARY).count() <= 1
    for pid in children:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: workerz()["email"] == "ok", PATIENCE, "heard again")


def test_one_worker_that_begins_nothing_beside_a_healthy_one_is_stuck_until_it_does(own_site: Site) -> None:
    brief: dict[str, Any] = {"BEAT_EVERY": 0.5, "CANARY_WITHIN": 2}
    hung, _ = (own_site.worker("email", concurrency=1, **brief) for _ in range(2))
    own_site.dispatcher(**brief)
    children = WorkerBeat.objects.get(pid=hung.pid).pids
    for pid in children:
        os.kill(pid, signal.SIGSTOP)

    def is_found() -> bool:
        """After more work for both: what the other one did before the first beat that knew of it does not count."""
        services.enqueue_many("echo", [{"value": number} for number in range(10)])
        return [beat.pid for beat in health.stuck()] == [hung.pid]

    with override_settings(JOBS={**settings.JOBS, **brief}):
        eventually(is_found, PATIENCE, "found")
        for pid in children:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: not health.stuck(), PATIENCE, "well again")
