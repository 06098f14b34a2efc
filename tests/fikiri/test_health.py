"""Health addresses answer without a login, quickly, and say what is wrong."""

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from fikiri import health
from fikiri.laptop.valkey import Valkey
from tests.servers.ports import free_port


def test_a_living_process_says_so_without_database_or_broker(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_it_is_ready_when_database_tables_and_broker_are_there(client: Client, redis_server: Valkey) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "broker": "ok"}


@pytest.mark.django_db
def test_without_a_broker_it_goes_on_degraded_and_says_why(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://user:secret@127.0.0.1:{free_port()}/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["broker"] == "unreachable (ConnectionError)"
    assert "secret" not in answer.content.decode()


def test_a_database_that_is_away_makes_it_unready_with_the_reason(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> str:
        raise DatabaseError("gone")

    monkeypatch.setattr("fikiri.health.connection.cursor", away)
    monkeypatch.setattr("fikiri.health.MigrationExecutor", lambda _: away())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    checks = answer.json()["checks"]
    assert checks["database"] == "unreachable (DatabaseError)"
    assert checks["migrations"] == "unknown (DatabaseError)"


@pytest.mark.django_db
def test_migrations_that_are_not_applied_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fikiri.health.MigrationExecutor.migration_plan", lambda *_: ["one", "two"])
    assert health.migrations() == "2 not applied: run manage.py migrate"


def test_answers_are_never_cached_and_never_posted_to(client: Client) -> None:
    assert "no-store" in client.get("/healthz")["Cache-Control"]
    assert client.post("/healthz").status_code == 405
