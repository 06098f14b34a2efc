from __future__ import annotations

from typing import Any, Literal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from jobs.models import Job
from jobs.queues import ai_queue
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states  # noqa: F401 - declares tests.greet

PAGE = "/admin/jobs/enqueue/"


@ai_queue.task(name="tests.write")
def write(
    to: str,
    times: int = 2,
    tone: Literal["kind", "firm"] = "kind",
    share: float | None = None,
    dry: bool = True,
    extra: dict[str, Any] | None = None,
) -> None:
    """Write a letter. <b>Kindly.</b>"""


@pytest.fixture
def as_writer(operator: User) -> Client:
    operator.user_permissions.add(Permission.objects.get(content_type__app_label="jobs", codename="add_job"))
    client = Client()
    client.force_login(operator)
    return client


def send(client: Client, task: str = "tests.write", **fields: Any) -> str:
    return text_of(client.post(f"{PAGE}?task={task}", {"priority": 5, **fields}, follow=True))


def test_the_form_is_made_of_the_signature(as_writer: Client) -> None:
    text = text_of(as_writer.get(PAGE, {"task": "tests.write"}))
    assert "Write a letter. &lt;b&gt;Kindly.&lt;/b&gt;" in text
    assert '<input type="number" name="arg_times" value="2"' in text
    assert '<option value="kind" selected>' in text
    assert "int; 2 if left out" in text


def test_what_is_filled_in_is_enqueued_and_the_rest_keeps_its_default(as_writer: Client) -> None:
    send(as_writer, arg_to="ada", arg_times="3", arg_tone="firm", arg_extra='{"a": [1]}', priority=1, key="k-1")
    job = Job.objects.get()
    expected = {"to": "ada", "times": 3, "tone": "firm", "dry": False, "extra": {"a": [1]}}
    assert {name: job.arguments[name] for name in expected} == expected
    assert (job.priority, job.key) == (1, "k-1")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "This field is required."),
        ({"arg_to": "x", "arg_times": "many"}, "Enter a whole number."),
        ({"arg_to": "x", "arg_extra": "{"}, "Enter a valid JSON."),
        ({"arg_to": "x", "arg_extra": "[1]"}, "tests.write: extra"),
        ({"arg_to": "x", "arg_tone": "rude"}, "Select a valid choice."),
        ({"arg_to": "x", "priority": "12"}, "less than or equal to 9"),
        ({"arg_to": "x" * 70_000}, "the limit is"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(as_writer: Client, fields: dict[str, Any], told: str) -> None:
    text = send(as_writer, **fields)
    assert told in text
    assert 'class="form-row errors"' in text
    assert not Job.objects.exists()


def test_a_task_that_is_none_is_not_found(as_writer: Client) -> None:
    for name in ("nonsense", "jobs.canary"):
        assert as_writer.get(PAGE, {"task": name}).status_code == 404


def test_who_may_not_enqueue_is_refused(as_viewer: Client) -> None:
    assert as_viewer.get(PAGE).status_code == 403
    assert as_viewer.post(f"{PAGE}?task=tests.write", {"arg_to": "x"}).status_code == 403
