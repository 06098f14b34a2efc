"""What a person does in Flower's pages happens in the ledger."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from jobs import services
from jobs.models import AuditEntry, Job
from tests.integration.site import PATIENCE, Site, marks
from tests.servers.flower import LOGIN, Flower
from tests.servers.programs import Programs, eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def site(operator: User, redis: redis_client.Redis, programs: Programs) -> Site:
    """A worker of one process, and a dispatcher."""
    site = Site(programs)
    site.worker("email", concurrency=1)
    site.dispatcher()
    return site


@pytest.fixture
def flower(site: Site, programs: Programs) -> Flower:
    return Flower(programs, sys.executable)


@pytest.fixture
def flower_page(chromium: Browser, flower: Flower) -> Iterator[Page]:
    context = chromium.new_context(base_url=flower.url, http_credentials={"username": LOGIN[0], "password": LOGIN[1]})
    yield context.new_page()
    context.close()


def start_long(tmp_path: Path, name: str) -> Job:
    return services.enqueue("wait_for_file", {"path": str(tmp_path / "go"), "mark": str(tmp_path / name)})


def test_a_running_and_a_waiting_job_are_cancelled(
    flower_page: Page, flower: Flower, site: Site, tmp_path: Path, page: Page
) -> None:
    runs = start_long(tmp_path, "first")
    eventually(lambda: marks(tmp_path / "first"), PATIENCE)
    waits = start_long(tmp_path, "second")
    eventually(lambda: flower.state(runs.pk) == "STARTED" and flower.state(waits.pk) == "RECEIVED", PATIENCE)
    for job, button in ((waits, "#task-revoke"), (runs, "#task-terminate")):
        flower_page.goto(f"/task/{job.pk}")
        expect(flower_page.locator(".task-details-card")).to_contain_text(f"/admin/jobs/job/{job.pk}/")
        flower_page.click(button)
        expect(flower_page.locator(".toast-body")).to_contain_text("Revoked")
        site.ends(job.pk, "cancelled")
    eventually(lambda: [flower.state(job.pk) for job in (runs, waits)] == ["REVOKED"] * 2, PATIENCE)
    assert marks(tmp_path / "second") == []
    acts = AuditEntry.objects.filter(verb="cancel").order_by("id").values_list("subject", "by", "origin")
    assert list(acts) == [(f"job {job.pk}", "ann", "flower") for job in (waits, runs)]
    page.goto(f"/admin/jobs/job/{runs.pk}/change/")
    expect(page.locator(".jobs-badge").first).to_have_text("cancelled")
