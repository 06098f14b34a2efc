"""The list's `q`, and what helps to type it."""

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.jobs.api import states
from tests.jobs.api.test_lists import ids


def test_a_search_finds_own_jobs_only(as_owner: APIClient, owner: User, other: User) -> None:
    mine = states.waiting(owner.pk)
    states.waiting(other.pk)
    assert ids(as_owner, "?q=status:pending") == [str(mine.pk)]
    assert ids(as_owner, f"?q=owner:{other.username}") == []


def test_a_search_narrows_the_other_filters(as_staff: APIClient) -> None:
    job = states.waiting(None)
    assert ids(as_staff, "?status=pending&q=is:due") == [str(job.pk)]
    assert ids(as_staff, "?status=dead&q=is:due") == []


def test_a_search_that_is_not_understood_is_refused_at_its_field(as_owner: APIClient) -> None:
    response = as_owner.get("/api/jobs?q=colour:red")
    assert (response.status_code, response.json()["field"], response.json()["code"]) == (400, "q", "BAD_QUERY")


def test_suggestions_are_made(as_owner: APIClient) -> None:
    data = as_owner.get("/api/jobs/suggest?q=status:de").json()["data"]
    assert data == {"suggestions": [{"text": "status:dead", "help": ""}]}
