"""The examples of the API's description, sent as they stand: each does what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.api import schema
from jobs.models import Job
from tests.jobs.api import states
from tests.jobs.api.conftest import Login

# They reach out to a provider, or need what only a session of another test makes.
ELSEWHERE = ("/api/mailboxes/", "/api/tick")
OF_JOBS: dict[str, Callable[[int], Job]] = {
    "cancel": states.waiting,
    "change": states.waiting,
    "run-now": states.waiting,
    "copy": states.completed,
    "reveal": states.completed,
    "retry": states.dead,
}


def writing(path: str) -> dict[str, Any]:
    """The example of what is posted to an address; empty where nothing needs to be."""
    operation = schema.document()["paths"][path]["post"]
    example: dict[str, Any] = (
        operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    )
    return example or {}


def plain() -> list[str]:
    """Addresses to which something is posted and that name nothing."""
    paths = schema.document()["paths"]
    return sorted(
        path for path in paths if "post" in paths[path] and "{" not in path and not path.startswith(ELSEWHERE)
    )


@pytest.mark.parametrize("path", plain())
def test_what_an_example_sends_is_understood(path: str, logged_in: Login, superuser: User) -> None:
    User.objects.create_user("jane")
    answer = logged_in(superuser).post(path, writing(path), format="json")
    assert answer.status_code in (200, 201, 202), answer.json()


@pytest.mark.parametrize("verb", OF_JOBS)
def test_what_an_example_sends_to_a_job_is_understood(verb: str, logged_in: Login, superuser: User) -> None:
    job = OF_JOBS[verb](superuser.pk)
    answer = logged_in(superuser).post(
        f"/api/jobs/{job.pk}/{verb}", writing(f"/api/jobs/{{job_id}}/{verb}"), format="json"
    )
    assert answer.status_code in (200, 202), answer.json()


def test_two_shapes_of_one_name_are_refused() -> None:
    shapes: dict[str, Any] = {"Accepted": {"type": "object"}}
    with pytest.raises(ValueError, match="Two shapes are called Accepted"):
        schema._hoist({"$defs": {"Accepted": {"type": "string"}}}, shapes)


@pytest.mark.parametrize(
    ("method", "headers", "remedy"),
    [
        ("put", {}, "There is no PUT here, only GET, POST"),
        ("delete", {}, "There is no DELETE here, only GET, POST"),
        ("get", {"HTTP_ACCEPT": "text/csv"}, "Only application/json is answered here"),
        ("post", {"content_type": "text/plain"}, "Send the body as application/json."),
    ],
)
def test_who_asks_in_a_way_that_is_not_understood_is_told_what_is(
    as_owner: APIClient, method: str, headers: dict[str, str], remedy: str
) -> None:
    given = {"data": "x"} if "content_type" in headers else {}
    assert remedy in getattr(as_owner, method)("/api/jobs", **given, **headers).json()["error"]
