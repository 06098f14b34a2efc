"""Server-sent events through the real web server, followed by the client of the examples."""

import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from knox.models import AuthToken

from examples.client import Client
from jobs import services
from tests.integration.site import PATIENCE, Site
from tests.servers.web import Web

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(180)]


@pytest.fixture
def web(own_site: Site) -> Web:
    return Web(own_site.programs)


def somebody(web: Web, name: str) -> tuple[int, Client]:
    """Somebody new, and their client."""
    user = get_user_model().objects.create(username=name)
    _, token = AuthToken.objects.create(user)
    return user.pk, Client(web.url, token, timeout=PATIENCE)


def test_a_job_is_followed_to_its_end_while_a_worker_runs_it(own_site: Site, web: Web) -> None:
    owner_id, client = somebody(web, "follower")
    job = services.enqueue("echo", {"value": "hello"}, owner_id=owner_id)
    states: list[str] = []

    def follow() -> None:
        states.extend(state["status"] for state in client.follow(str(job.pk)))

    follower = threading.Thread(target=follow)
    follower.start()
    own_site.worker()
    own_site.dispatcher()
    follower.join(PATIENCE)
    assert (states[0], states[-1]) == ("pending", "completed")
    assert client.get(f"/api/jobs/{job.pk}/result")["result"] == "hello"


def test_a_web_server_with_an_open_stream_ends_when_it_is_told_to(web: Web) -> None:
    owner_id, client = somebody(web, "watcher")
    job = services.enqueue("echo", {"value": 1}, owner_id=owner_id, delay=3600)
    stream: Any = client.follow(str(job.pk))
    assert next(stream)["status"] == "pending"
    web.program.terminate()
    assert web.program.wait(PATIENCE) is not None
    stream.close()
