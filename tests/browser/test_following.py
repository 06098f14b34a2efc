"""Open pages are told what happens, by server-sent events from the project's own web server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from jobs import services
from tests.browser.conftest import log_in
from tests.servers.programs import Programs
from tests.servers.web import Web

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def page(chromium: Browser, operator: User, programs: Programs) -> Iterator[Page]:
    """Logged in at the real server."""
    context = chromium.new_context(base_url=Web(programs).url)
    page = context.new_page()
    log_in(page, operator)
    yield page
    context.close()


def follows(page: Page) -> None:
    """Until the page has its stream; from then on it does not ask by itself."""
    expect(page.locator("html")).to_have_attribute("data-jobs-live", "events")


def test_a_job_that_ends_is_shown_so_on_its_open_page(page: Page) -> None:
    job = services.enqueue("echo", {"value": 1}, delay=3600)
    page.goto(f"/admin/jobs/job/{job.pk}/change/")
    follows(page)
    expect(page.locator(".jobs-badge").first).to_have_text("pending")
    services.cancel(job.pk, by="ann")
    expect(page.locator(".jobs-badge").first).to_have_text("cancelled")
    follows(page)


def test_the_list_follows_without_losing_what_was_selected(page: Page) -> None:
    ends, stays = (services.enqueue("echo", {"value": n}, delay=3600) for n in range(2))
    page.goto("/admin/jobs/job/?status=waiting")
    follows(page)
    page.check(f"input.action-select[value='{stays.pk}']")
    services.cancel(ends.pk, by="ann")
    expect(page.locator(f"tr:has(input[value='{ends.pk}']) .jobs-badge")).to_have_text("cancelled")
    expect(page.locator(f"input.action-select[value='{stays.pk}']")).to_be_checked()
    follows(page)
