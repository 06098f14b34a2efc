from __future__ import annotations

import re

import pytest
from django.template import RequestContext, Template
from django.test import AsyncRequestFactory, Client, RequestFactory

from jobs.models import Job
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states

TAG = "{% load jobs_admin %}{% live job %}"


def rendered(request: object, job: Job | None = None) -> str:
    return Template(TAG).render(RequestContext(request, {"job": job}))  # type: ignore[arg-type]


def test_a_server_that_can_hold_streams_offers_events(db: None) -> None:
    job = states.waiting()
    request = AsyncRequestFactory().get("/")
    assert 'data-events="/api/events"' in rendered(request)
    assert f'data-events="/api/jobs/{job.pk}/events"' in rendered(request, job)


def test_another_lets_pages_ask_themselves() -> None:
    assert 'data-events=""' in rendered(RequestFactory().get("/"))


@pytest.mark.parametrize(
    "address", ["", "jobs/overview/", "jobs/job/", "jobs/failures/", "jobs/doubt/", "jobs/workers/"]
)
def test_each_part_that_follows_has_a_name_of_its_own(as_viewer: Client, address: str) -> None:
    text = text_of(as_viewer.get(f"/admin/{address}"))
    assert "jobs/live.js" in text
    parts = re.findall(r"<(\w+)([^>]*) data-live", text)
    assert all(" id=" in attributes for _, attributes in parts)
    assert parts or 'id="result_list"' in text or "jobs/job/" in address


def test_no_page_has_code_or_styles_of_its_own(as_operator: Client) -> None:
    job = states.failed()
    for address in ("overview/", "job/", f"job/{job.pk}/change/", f"failures/{job.fingerprint}/", "workers/"):
        text = text_of(as_operator.get(f"/admin/jobs/{address}"))
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), address
