"""What Prometheus reads, and who may."""

import uuid
from datetime import timedelta

import pytest
import redis as redis_client
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import DjangoAssertNumQueries

from jobs import broker, clock, dispatch, lifecycle, metrics, services, statistics
from jobs.clock import Now
from jobs.dispatch import Dispatcher
from jobs.models import Effect, EffectStatus, Lease, Total
from jobs.worker import DISPATCHER, LEASE_TTL
from tests.jobs.api.people import owner, viewer
from tests.jobs.states import in_state, put, row, running

__all__ = ["owner", "viewer"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


def value(metric: str, /, **labels: str) -> float | None:
    """A sample of the text; None where there is none such."""
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            if sample.name == metric and labels.items() <= sample.labels.items():
                return sample.value
    return None


def test_what_waits_runs_and_is_in_trouble_is_counted() -> None:
    put(), put(delay=60), running(), in_state("dead"), in_state("in_doubt")
    assert value("fikiri_jobs_waiting", queue="email") == 1
    assert value("fikiri_jobs_delayed", queue="email") == 1
    assert value("fikiri_jobs_waiting", queue="crm") == 0
    assert value("fikiri_jobs_running", queue="email") == 1
    assert value("fikiri_jobs_in_trouble", status="dead") == value("fikiri_jobs_in_trouble", status="in_doubt") == 1


def counted_later() -> None:
    """Counts as the dispatcher does when a minute has passed."""
    clock.shift(timedelta(minutes=1))
    try:
        statistics.run_once()
    finally:
        clock.shift(timedelta())


def test_what_ended_is_counted_with_its_times() -> None:
    statistics.run_once()
    in_state("completed")
    counted_later()
    labels = {"queue": "email", "task": "echo"}
    assert value("fikiri_jobs_ended_total", **labels, outcome="completed") == 1
    assert value("fikiri_job_wait_seconds_count", **labels) == 1
    assert value("fikiri_job_run_seconds_bucket", **labels, le="+Inf") == 1
    assert value("fikiri_job_total_seconds_bucket", **labels, le="3600.0") == 1


def test_attempts_are_counted_by_how_they_ended() -> None:
    statistics.run_once()
    in_state("completed"), in_state("retrying"), in_state("dead"), in_state("dead", task="fail"), put(), running()
    counted_later()
    counted_later()
    attempts = {
        outcome: value("fikiri_attempts_total", queue="email", task="echo", outcome=outcome)
        for outcome in ("completed", "retrying", "dead", "failed")
    }
    assert attempts == {"completed": 1, "retrying": 1, "dead": 1, "failed": None}
    assert value("fikiri_attempts_total", task="fail", outcome="dead") == 1


def test_attempts_whose_worker_was_gone_are_rescues() -> None:
    statistics.run_once()
    lost, given_back = row(running().id), row(running().id)
    in_state("retrying")
    assert lifecycle.rescue(lost, "its worker is gone", died=False)
    assert lifecycle.release(given_back.pk, given_back.worker, given_back.pid or 0, "its worker was stopped")
    counted_later()
    assert value("fikiri_rescues_total", queue="email", task="echo") == 1
    assert value("fikiri_attempts_total", queue="email", task="echo", outcome="retrying") == 2


def test_effects_are_counted_by_what_became_of_them() -> None:
    statistics.run_once()
    job = row(running().id)
    for number, status in enumerate(["confirmed", "confirmed", "failed", "attempting"]):
        settled = None if status == EffectStatus.ATTEMPTING else Now()
        Effect.objects.create(
            key=str(number), job=job, attempt=1, kind="mail", status=status, created_at=Now(), settled_at=settled
        )
    counted_later()
    counted_later()
    assert value("fikiri_effects_total", queue="email", kind="mail", outcome="confirmed") == 2
    assert value("fikiri_effects_total", queue="email", kind="mail", outcome="failed") == 1
    assert value("fikiri_effects_total", outcome="attempting") is None


def test_the_doorbells_that_a_dispatcher_rang_are_counted_for_ever() -> None:
    for _ in range(2):
        put(), put()
        assert Dispatcher(["email"]).run_once()
    assert value("fikiri_rings_total", queue="email") == 4
    assert Total.objects.count() == 1


def test_how_long_ago_a_dispatcher_worked_is_said() -> None:
    assert value("fikiri_dispatcher_lag_seconds") == float("inf")
    assert dispatch.hold(DISPATCHER, uuid.uuid4(), LEASE_TTL)
    now = value("fikiri_dispatcher_lag_seconds")
    Lease.objects.update(until=Now(-55))
    later = value("fikiri_dispatcher_lag_seconds")
    assert now is not None
    assert later is not None
    assert 0 <= now < 30 < 60 <= later < 90


@pytest.mark.usefixtures("no_broker")
def test_a_broker_that_is_left_be_is_said() -> None:
    broker.trip(ConnectionError())
    assert (value("fikiri_breaker_open"), value("fikiri_broker_up")) == (1, 0)


@pytest.mark.parametrize("name", ['a"} 1\nfikiri_forged{x="y', "\\", "a\nb"])
def test_no_name_breaks_the_text(name: str) -> None:
    Total.objects.create(what="effects", queue="email", kind=name, outcome="failed", number=3)
    assert value("fikiri_effects_total", kind=name) == 3
    assert value("fikiri_forged") is None


def test_what_is_paused_and_who_is_up_is_said(redis: redis_client.Redis) -> None:
    services.pause(queue="crm", by="ann")
    assert value("fikiri_paused", kind="queue", name="crm") == 1
    assert (value("fikiri_broker_up"), value("fikiri_breaker_open"), value("fikiri_dispatcher_up")) == (1, 0, 0)


def test_its_queries_are_as_many_whatever_there_is(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with CaptureQueriesContext(connection) as at_first:
        metrics.text()
    put(), running(), in_state("dead"), put(queue="crm")
    with django_assert_num_queries(len(at_first)):
        metrics.text()


def test_strangers_and_users_read_nothing(client: Client, owner: User) -> None:
    assert client.get("/metrics").status_code == 401
    client.force_login(owner)
    assert client.get("/metrics").status_code == 403


def test_viewers_of_all_queues_read_it(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    answer = client.get("/metrics")
    assert (answer.status_code, answer["Content-Type"]) == (200, metrics.TYPE)
    assert b"fikiri_jobs_ended_total" in answer.content
