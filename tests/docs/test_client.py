"""The example of a client does what it says, against the real server."""

import io
import time
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from examples import client
from jobs.models import Job
from tests.docs.test_api import token_of
from tests.jobs.api import states  # noqa: F401 - declares tests.greet

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def api(live_server: LiveServer, user: User) -> client.Client:
    return client.Client(live_server.url, token_of(user))


def test_it_enqueues_and_reads(api: client.Client) -> None:
    job = api.enqueue("tests.greet", {"name": "Ada"}, priority=1)
    assert (job["status"], api.get(f"/api/jobs/{job['job_id']}")["priority"]) == ("pending", 1)


def test_a_refusal_is_an_error_with_its_code(api: client.Client) -> None:
    with pytest.raises(client.ApiError, match="Unknown task") as refused:
        api.enqueue("nothing", {})
    assert (refused.value.status, refused.value.code, refused.value.field) == (400, "UNKNOWN_TASK", "task")


def test_a_lost_answer_makes_no_second_job(api: client.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = urllib.request.urlopen
    lost: list[Any] = []

    def lose_the_first(*args: Any, **options: Any) -> Any:
        answer = opened(*args, **options)
        if not lost:
            lost.append(answer.read())
            raise urllib.error.URLError("connection reset")
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", lose_the_first)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    api.enqueue("tests.greet", {})
    assert (len(lost), Job.objects.count()) == (1, 1)


def test_it_comes_back_when_it_is_told_to(api: client.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = urllib.request.urlopen
    waits: list[float] = []
    headers = Message()
    headers["Retry-After"] = "7"

    def busy_at_first(request: Any, **options: Any) -> Any:
        if not waits:
            raise urllib.error.HTTPError("", 429, "", headers, io.BytesIO(b"{}"))
        return opened(request, **options)

    monkeypatch.setattr(urllib.request, "urlopen", busy_at_first)
    monkeypatch.setattr(time, "sleep", waits.append)
    api.get("/api/paused")
    assert waits == [7.0]
