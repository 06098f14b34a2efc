"""What a token may be used for, and how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import Resolver404, resolve
from rest_framework.settings import api_settings
from rest_framework.test import APIClient

from jobs import rates as counted
from jobs.api import schema
from tests.jobs.api import states


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Which does not end while a test counts."""
    counted._here.clear()
    monkeypatch.setattr("jobs.rates.now", lambda: 1_000_000.0)
    yield
    counted._here.clear()


@pytest.fixture
def rates(one_minute: None) -> Iterator[dict[str, int]]:
    """Limits a minute, to be filled by a test."""
    given: Any = api_settings.DEFAULT_THROTTLE_RATES
    yield given
    given.clear()


def client_for(user: User, scope: str, capsys: pytest.CaptureFixture[str]) -> APIClient:
    call_command("token", user.username, scope=scope)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {capsys.readouterr().out.strip()}")
    return client


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("act", 200), ("admin", 200)])
def test_a_token_that_reads_changes_nothing(
    owner: User, scope: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    client, job = client_for(owner, scope, capsys), states.waiting(owner.pk)
    assert client.get(f"/api/jobs/{job.pk}").status_code == 200
    response = client.post(f"/api/jobs/{job.pk}/cancel")
    assert (response.status_code, response.json().get("code")) == (status, None if status == 200 else "TOKEN_SCOPE")


@pytest.mark.parametrize(("scope", "status"), [("act", 403), ("admin", 200)])
def test_what_concerns_everybody_needs_an_admin_token(
    superuser: User, scope: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client_for(superuser, scope, capsys).post("/api/queues/crm/pause").status_code == status


def test_no_scope_allows_more_than_the_user_may(owner: User, capsys: pytest.CaptureFixture[str]) -> None:
    assert client_for(owner, "admin", capsys).post("/api/queues/crm/pause").json()["code"] == "UNAUTHORIZED"


def test_each_answer_says_how_much_is_left_of_the_minute(as_owner: APIClient, rates: dict[str, int]) -> None:
    rates["user"] = 50
    first, second = as_owner.get("/api/paused"), as_owner.get("/api/jobs/nobody")
    assert (first["RateLimit-Limit"], 1 <= int(first["RateLimit-Reset"]) <= 60) == ("50", True)
    told = [int(answer["RateLimit-Remaining"]) for answer in (first, second)]
    assert told in ([49, 48], [49, 49])  # the minute may end between them


def test_the_rate_that_is_nearer_its_end_is_told(
    owner: User, capsys: pytest.CaptureFixture[str], rates: dict[str, int]
) -> None:
    rates |= {"user": 50, "token": 10}
    assert client_for(owner, "read", capsys).get("/api/paused")["RateLimit-Limit"] == "10"


def test_where_no_rate_is_set_none_is_told(as_owner: APIClient, rates: dict[str, int]) -> None:
    rates["user"] = 0
    assert "RateLimit-Limit" not in as_owner.get("/api/paused")


def test_too_many_requests_are_told_when_to_come_back(
    as_owner: APIClient, as_other: APIClient, rates: dict[str, int]
) -> None:
    rates["user"] = 2
    answers = [as_owner.get("/api/paused") for _ in range(3)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert answers[-1].json()["code"] == "THROTTLED"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert as_other.get("/api/paused").status_code == 200


def test_a_token_has_a_limit_of_its_own(owner: User, rates: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    rates["token"] = 1
    wild, calm = client_for(owner, "read", capsys), client_for(owner, "read", capsys)
    assert [wild.get("/api/paused").status_code for _ in range(3)][-1] == 429
    assert calm.get("/api/paused").status_code == 200


@pytest.mark.usefixtures("redis", "one_minute")
def test_all_web_processes_count_together() -> None:
    assert [counted.count("user:1", 60) for _ in range(3)] == [1, 2, 3]
    assert (counted.count("user:1", 900), counted.count("user:2", 60)) == (1, 1)
    counted.take_back("user:1", 60)
    assert counted.count("user:1", 60) == 3
    assert not counted._here


ADMIN_ONLY = {  # what concerns others
    "change_schedule", "delete_quarantined", "grant_role", "pause_queue", "pause_schedule", "pause_task",
    "release_hold", "remove_schedule", "add_schedule", "resolve_effect", "resume_queue", "resume_schedule",
    "resume_task", "reveal_job", "revoke_role", "revoke_token", "run_schedule_now", "set_kill_switch", "set_slots",
    "silence_alert", "speak_alert",
    "stop_worker", "take_alert", "tick",
}  # fmt: skip


def refused_to(client: APIClient) -> set[str]:
    """Every operation that changes something and for which this token was not made."""
    found = set()
    for path, item in schema.document()["paths"].items():
        filled = path.format_map(defaultdict(lambda: "00000000-0000-0000-0000-000000000001"))
        address = filled if _leads_somewhere(filled) else path.format_map(defaultdict(lambda: "1"))
        for method in item.keys() - {"get"}:
            answer = getattr(client, method)(address, {}, format="json")
            if answer.json().get("code") == "TOKEN_SCOPE":
                found.add(item[method]["operationId"])
    return found


def _leads_somewhere(address: str) -> bool:
    try:
        return resolve(address).route != r"^api/"
    except Resolver404:
        return False


def test_each_operation_asks_for_a_token_of_its_scope(superuser: User, capsys: pytest.CaptureFixture[str]) -> None:
    changing = {
        item[method]["operationId"] for item in schema.document()["paths"].values() for method in item.keys() - {"get"}
    }
    assert refused_to(client_for(superuser, "read", capsys)) == changing
    assert refused_to(client_for(superuser, "act", capsys)) == ADMIN_ONLY
