"""Why a job has not run, as its owner and as staff see it."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs import services
from tests.jobs.api import states

pytestmark = pytest.mark.usefixtures("redis")


def test_an_owner_is_told_what_is_in_the_way(as_owner: APIClient, owner: User) -> None:
    job = states.waiting(owner.pk)
    services.pause(queue=job.queue, by="ann", reason="maintenance")
    answer = as_owner.get(f"/api/jobs/{job.pk}/why").json()
    assert answer["data"]["in_the_way"]["name"] == "queue_paused"
    assert "maintenance" in answer["message"]
    assert "detail" not in str(answer)


def test_staff_see_what_names_others(as_staff: APIClient) -> None:
    job = states.waiting(None)
    services.pause(queue=job.queue, by="ann")
    answer = as_staff.get(f"/api/jobs/{job.pk}/why").json()
    assert answer["data"]["in_the_way"]["detail"] == {"by": "ann"}


def test_somebody_elses_job_is_not_found(as_owner: APIClient, other: User) -> None:
    assert as_owner.get(f"/api/jobs/{states.waiting(other.pk).pk}/why").status_code == 404
