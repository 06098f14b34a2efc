"""A deploy in progress: for a while there are workers that do not know a task, beside workers that do."""

import uuid
from pathlib import Path

import pytest

from jobs import doorbell, services
from jobs.clock import now
from jobs.lifecycle import Due
from jobs.models import Job, Quarantine
from tests.integration.site import PATIENCE, Site, marks
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]

STRANGER = {"DJANGO_SETTINGS_MODULE": "tests.stranger_settings"}


def test_a_task_unknown_to_one_worker_is_left_for_another(own_site: Site, tmp_path: Path) -> None:
    own_site.dispatcher()
    stranger = own_site.worker("email", env=STRANGER, UNKNOWN_GRACE=0.2, GRACE_LIMIT=1)
    ids = services.enqueue_many("leave_mark", [{"path": str(tmp_path / "marks")}] * 4)
    waiting = Job.objects.filter(pk__in=ids, reason__contains="does not know task leave_mark", rings__gte=3)
    eventually(lambda: waiting.count() == 4, PATIENCE)
    assert set(waiting.values_list("status", "attempt", "failures")) == {("pending", 0, 0)}
    own_site.worker("email")
    own_site.all_end(ids)
    assert [attempt for attempt, _ in marks(tmp_path / "marks")] == [1, 1, 1, 1]
    assert stranger.poll() is None


def test_a_message_of_an_unknown_task_that_names_no_job_is_kept_apart(own_site: Site) -> None:
    stranger, job_id = own_site.worker("email", env=STRANGER), uuid.uuid4()
    doorbell.push_as_dispatcher("email", [Due(job_id, "nobodys", 285, 300, now())])
    eventually(lambda: Quarantine.objects.filter(head=str(job_id)).exists(), PATIENCE)
    assert stranger.poll() is None
