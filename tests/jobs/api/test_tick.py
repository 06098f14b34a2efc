"""Who may have jobs run in the web process, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from jobs import tick
from tests.jobs.api import states
from tests.jobs.api.conftest import Login
from tests.jobs.states import row

TOKEN = "a-timers-secret"


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.JOBS = settings.JOBS | {"TICK_TOKEN": TOKEN, "TICK_SECONDS": 400}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], float]]:
    """What a round was asked for; none is made."""
    seen: list[tuple[list[str], float]] = []

    def run(queues: list[str], seconds: float) -> tick.Round:
        seen.append((queues, seconds))
        return tick.Round(dispatched=True, ran=0, due=0)

    monkeypatch.setattr(tick, "run", run)
    return seen


def bearer(token: str) -> dict[str, Any]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_timer_with_the_token_has_jobs_run(anonymous: APIClient, method: str) -> None:
    job = states.waiting()
    response = getattr(anonymous, method)("/api/tick", **bearer(TOKEN))
    assert response.status_code == 200, response.content
    assert response.json()["data"]["ran"] == 1
    assert row(job.pk).attempt == 1


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ünlesbar"])
def test_a_stranger_is_refused(anonymous: APIClient, asked: list[Any], given: str) -> None:
    assert anonymous.post("/api/tick", **bearer(given)).status_code == 401
    assert asked == []


def test_without_a_token_in_the_settings_no_token_fits(
    anonymous: APIClient, asked: list[Any], settings: Settings
) -> None:
    settings.JOBS = settings.JOBS | {"TICK_TOKEN": ""}
    assert anonymous.post("/api/tick", HTTP_AUTHORIZATION="Bearer ").status_code == 401
    assert asked == []


def test_operators_of_all_queues_may(
    operator: User, viewer: User, owner: User, asked: list[Any], logged_in: Login
) -> None:
    answers = [logged_in(user).post("/api/tick").status_code for user in (operator, viewer, owner)]
    assert (answers, len(asked)) == ([200, 403, 403], 1)


def test_a_link_runs_no_jobs(operator: User, asked: list[Any], logged_in: Login) -> None:
    assert logged_in(operator).get("/api/tick").status_code == 405
    assert asked == []


def test_the_token_opens_nothing_else(anonymous: APIClient) -> None:
    assert anonymous.get("/api/jobs", **bearer(TOKEN)).status_code == 401


def test_a_round_is_never_longer_than_the_settings_allow(anonymous: APIClient, asked: list[Any]) -> None:
    for body in ({}, {"seconds": 10}, {"seconds": 10_000, "queues": ["crm"]}):
        anonymous.post("/api/tick", body, format="json", **bearer(TOKEN))
    everything = ["email", "ai", "crm"]
    assert asked == [(everything, 400), (everything, 10), (["crm"], 400)]


@pytest.mark.parametrize("body", [{"seconds": 0}, {"seconds": "long"}, {"queues": ["mail"]}, {"second": 1}])
def test_what_makes_no_sense_is_refused(anonymous: APIClient, asked: list[Any], body: dict[str, Any]) -> None:
    assert anonymous.post("/api/tick", body, format="json", **bearer(TOKEN)).status_code == 400
    assert asked == []
