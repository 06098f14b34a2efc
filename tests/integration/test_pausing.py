"""A pause holds for real workers: also what they have in hand, and after they are started anew."""

from pathlib import Path
from typing import Any

import pytest

from jobs import services
from jobs.models import Job
from tests.integration.site import PATIENCE, Site
from tests.servers.programs import eventually, kill_group

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.mark.parametrize("what", [{"queue": "email"}, {"task": "echo"}], ids=str)
def test_what_a_worker_has_in_hand_waits_spends_nothing_and_runs_after_the_pause(
    own_site: Site, tmp_path: Path, what: dict[str, Any]
) -> None:
    worker = own_site.worker(concurrency=1)
    own_site.dispatcher()
    running = services.enqueue("wait_for_file", {"path": str(tmp_path / "go")})
    own_site.ends(running.pk, "processing")
    held = services.enqueue_many("echo", [{"value": number} for number in range(20)])
    services.pause(**what, by="ann", reason="a flood")
    (tmp_path / "go").touch()
    own_site.ends(running.pk)  # what runs finishes
    own_site.ends(services.enqueue("add", {"a": 1, "b": 2}).pk)  # another queue, and another task, goes on
    kill_group(worker)
    own_site.worker(concurrency=1)
    own_site.ends(services.enqueue("add", {"a": 1, "b": 2}).pk)
    waiting = Job.objects.filter(pk__in=held, status="pending", attempt=0, failures=0)
    assert waiting.count() == 20
    services.resume(**what, by="ann")
    eventually(lambda: Job.objects.filter(pk__in=held, status="completed").count() == 20, PATIENCE)
    assert set(Job.objects.filter(pk__in=held).values_list("attempt", "failures")) == {(1, 0)}
