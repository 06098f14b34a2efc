"""What Prometheus reads, and who may."""

from datetime import timedelta

import pytest
import redis as redis_client
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import DjangoAssertNumQueries

from jobs import clock, metrics, services, statistics
from tests.jobs.api.people import owner, viewer
from tests.jobs.states import in_state, put, running

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


def test_what_ended_is_counted_with_its_times() -> None:
    statistics.run_once()
    in_state("completed")
    clock.shift(timedelta(minutes=1))
    try:
        statistics.run_once()
    finally:
        clock.shift(timedelta())
    labels = {"queue": "email", "task": "echo"}
    assert value("fikiri_jobs_ended_total", **labels, outcome="completed") == 1
    assert value("fikiri_job_wait_seconds_count", **labels) == 1
    assert value("fikiri_job_run_seconds_bucket", **labels, le="+Inf") == 1
    assert value("fikiri_job_total_seconds_bucket", **labels, le="3600.0") == 1


def test_what_is_paused_and_who_is_up_is_said(redis: redis_client.Redis) -> None:
    services.pause(queue="crm", by="ann")
    assert value("fikiri_paused", kind="queue", name="crm") == 1
    assert (value("fikiri_broker_up"), value("fikiri_dispatcher_up")) == (1, 0)


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
