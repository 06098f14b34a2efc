"""How many jobs a real worker runs at once, changed while it runs."""

from pathlib import Path

import pytest

from jobs import services, slots
from jobs.models import WorkerBeat
from tests.integration.site import PATIENCE, Site, marks
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


def has_slots(number: int) -> bool:
    return WorkerBeat.objects.get().slots == number


def test_more_slots_are_used_at_once_and_fewer_once_jobs_end(own_site: Site, tmp_path: Path) -> None:
    own_site.worker("email", concurrency=1)
    own_site.dispatcher()
    boot, go, started = WorkerBeat.objects.get().boot, tmp_path / "go", tmp_path / "marks"
    slots.change(boot, 3, by="ann")
    jobs = [services.enqueue("wait_for_file", {"path": str(go), "mark": str(started)}).pk for _ in range(3)]
    eventually(lambda: len(marks(started)) == 3, PATIENCE, "three jobs at once")
    slots.change(boot, 1, by="ann")
    go.touch()
    own_site.all_end(jobs)
    eventually(lambda: has_slots(1), PATIENCE, "one slot")
    own_site.ends(services.enqueue("echo", {"value": 1}).pk)
    assert len(marks(started)) == 3
