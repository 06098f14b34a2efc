from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from jobs.models import Job
from tests.jobs.api import states

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


WIDE_AND_PHONE = pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["wide", "phone"])


def search(page: Page, term: str) -> None:
    page.goto("/admin/jobs/job/")
    page.fill("#searchbar", term)
    page.click("#changelist-search input[type=submit]")


def open_first(page: Page) -> None:
    page.locator("#result_list th.field-job a").first.click()
    expect(page.locator("h2", has_text="Facts")).to_be_visible()


def badge(page: Page) -> str:
    return page.locator("h1 .jobs-badge").inner_text()


def fits(page: Page) -> bool:
    """Whether the page needs no scrolling sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@WIDE_AND_PHONE
def test_a_waiting_job_is_found_and_cancelled(page: Page) -> None:
    job = states.waiting(key="order-7")
    states.waiting()
    search(page, "order-7")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    open_first(page)
    assert badge(page) == "pending"
    page.click("a.jobs-cancel")
    page.fill("#id_reason", "entered twice")
    page.click("input[type=submit][value=Cancel]")
    expect(page.locator(".messagelist")).to_contain_text(f"{job.pk}: cancelled")
    assert badge(page) == "cancelled"
    expect(page.locator("body")).to_contain_text("entered twice")


def test_a_dead_job_is_run_again(page: Page) -> None:
    job = states.dead(error="connection reset")
    page.goto("/admin/")
    page.click("a[href$='?status=dead']")
    open_first(page)
    expect(page.locator(".errornote")).to_contain_text("connection reset")
    page.click("a.jobs-retry")
    page.click("input[type=submit][value='Run again']")
    expect(page.locator(".messagelist")).to_contain_text("waiting again")
    job.refresh_from_db()
    assert (badge(page), job.status, job.failures) == ("pending", "pending", 0)


def test_many_jobs_are_cancelled_after_a_preview(page: Page) -> None:
    jobs = [states.waiting() for _ in range(3)]
    states.completed()
    page.goto("/admin/jobs/job/?status=waiting")
    for checkbox in page.locator("input.action-select").all():
        checkbox.check()
    page.select_option("select[name=action]", "cancel_selected")
    page.click("button[name=index]")
    page.click("input[type=submit][value='Cancel 3 jobs']")
    expect(page.locator(".messagelist")).to_contain_text("Cancel: 3 done.")
    assert set(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("status", flat=True)) == {"cancelled"}


@WIDE_AND_PHONE
def test_hostile_text_does_nothing_and_pages_fit(page: Page) -> None:
    job = states.failed(error=HOSTILE, key=HOSTILE, args={"name": HOSTILE * 20})
    assert fits(page)
    search(page, HOSTILE)
    expect(page.locator(".messagelist")).to_contain_text("is a quote left open?")
    assert fits(page)
    search(page, HOSTILE.partition('"')[0])
    open_first(page)
    expect(page.locator(".errornote")).to_contain_text(HOSTILE)
    assert fits(page)
    page.goto(f"/admin/jobs/job/{job.pk}/retry/")
    expect(page.locator("body")).to_contain_text(HOSTILE)
    assert fits(page)


def test_a_running_job_shows_a_bar(page: Page) -> None:
    job = states.running()
    Job.objects.filter(pk=job.pk).update(progress_current=30, progress_total=120, progress_message="page 3")
    page.goto("/admin/jobs/job/?status=processing")
    expect(page.locator("progress")).to_have_attribute("value", "25.0")
    open_first(page)
    expect(page.locator("body")).to_contain_text(re.compile("30 of 120 page 3"))
