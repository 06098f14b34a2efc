"""Every page of the platform: fits, can be used by everybody, follows what happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jobs import lifecycle, reports, services
from jobs.models import Job
from tests.browser.places import furnish
from tests.browser.test_jobs import HOSTILE, WIDE_AND_PHONE, fits
from tests.jobs.api import states

pytestmark = pytest.mark.browser

AXE = Path(__file__).with_name("axe.min.js")
GRAVE = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """What axe finds that keeps somebody out: the rule and where."""
    page.evaluate(AXE.read_text())  # not as a script of the page, which its policy forbids
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {node['html'][:160]}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    found = []
    for name, address in furnish().items():
        page.goto(address)
        found += [f"{name}: {fault}" for fault in faults(page)]
    assert not found, "\n".join(found)


@WIDE_AND_PHONE
def test_hostile_text_does_nothing_and_every_page_fits(page: Page) -> None:
    wide = []
    for name, address in furnish(HOSTILE, HOSTILE).items():
        page.goto(address)
        if not fits(page):
            wide.append(name)
    assert not wide


def pass_time(page: Page) -> None:
    """More than a page waits until it looks again."""
    page.clock.fast_forward(6_000)


def test_a_job_is_followed_without_reloading(page: Page) -> None:
    page.clock.install()
    job = states.waiting()
    page.goto(f"/admin/jobs/job/{job.pk}/change/")
    page.evaluate("window.mark = 'the same page'")
    page.click("summary:has-text('As a command')")
    claim = states.claimed(job)
    pass_time(page)
    expect(page.locator("h1 .jobs-badge")).to_have_text("processing")
    lifecycle.complete([(claim, '"hello"')])
    pass_time(page)
    expect(page.locator("h1 .jobs-badge")).to_have_text("completed")
    expect(page.locator("details[open]", has_text="manage.py enqueue")).to_be_visible()
    assert page.evaluate("window.mark") == "the same page"


def test_the_list_follows_and_keeps_what_was_selected(page: Page) -> None:
    page.clock.install()
    job, other = states.waiting(), states.waiting()
    page.goto("/admin/jobs/job/")
    page.check(f"input[value='{other.pk}']")
    services.cancel(job.pk)
    pass_time(page)
    expect(page.locator("tr", has=page.locator(f"input[value='{job.pk}']")).locator(".jobs-badge")).to_have_text(
        "cancelled"
    )
    expect(page.locator(f"input[value='{other.pk}']")).to_be_checked()


def test_a_bar_moves_and_times_go_on(page: Page) -> None:
    page.clock.install()
    job = states.running()
    Job.objects.filter(pk=job.pk).update(progress_current=1, progress_total=4)
    page.goto(f"/admin/jobs/job/{job.pk}/change/")
    expect(page.locator("progress").first).to_have_attribute("value", "25.0")
    Job.objects.filter(pk=job.pk).update(progress_current=3)
    pass_time(page)
    expect(page.locator("progress").first).to_have_attribute("value", "75.0")
    page.clock.fast_forward(120_000)
    expect(page.locator(".jobs-timeline time").first).to_have_text("2 min ago")


def test_a_search_is_completed(page: Page) -> None:
    page.goto("/admin/jobs/job/")
    page.type("#searchbar", "status:comp")
    expect(page.locator("#jobs-suggestions option[value='status:completed']")).to_be_attached()


def test_a_job_is_enqueued_with_a_form_and_errors_are_at_their_field(page: Page) -> None:
    page.goto("/admin/jobs/enqueue/")
    page.select_option("#enqueue-task", "tests.greet")
    page.click("input[value=Choose]")
    page.fill("#id_arg_times", "2.5")
    page.click("input[value=Enqueue]")
    expect(page.locator(".form-row.errors")).to_contain_text("Enter a whole number.")
    page.fill("#id_arg_times", "2")
    page.fill("#id_arg_name", "Grace")
    page.click("input[value=Enqueue]")
    expect(page.locator("body")).to_contain_text("Enqueued tests.greet.")
    assert Job.objects.get().arguments == {"name": "Grace", "times": 2}


def test_a_cause_is_run_again_in_stages_and_stops_by_itself(page: Page) -> None:
    jobs = [states.failed() for _ in range(3)]
    page.goto("/admin/jobs/failures/")
    page.click("a:has-text('In stages')")
    page.fill("#id_size", "1")
    page.click("input[value='Run these again']")
    expect(page.locator("body")).to_contain_text("Not all are through")
    lifecycle.fail(states.claimed(jobs[0]), reports.of_exception(ValueError("no such address")))
    page.click("input[value='Run these again']")
    expect(page.locator("body")).to_contain_text("Some of the last ones failed again")
    assert not Job.objects.filter(status="pending").exists()


def test_the_keyboard_is_enough(page: Page) -> None:
    furnish()
    page.goto("/admin/jobs/overview/")
    page.locator(".jobs-tabs a", has_text="Failures").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Failures")
