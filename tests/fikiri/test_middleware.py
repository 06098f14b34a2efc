"""What every answer has, and what the audit learns of a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django.contrib.admin
import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver

from fikiri.middleware import HEADERS, address_of
from fikiri.places import BASE
from jobs.models import AuditEntry, QueueControl

INLINE = re.compile(r"""\sstyle=["']|\son\w+=["']|<script(?![^>]*\bsrc=)(?![^>]*type="application/json")|<style""")
TEMPLATES = [
    *[
        path
        for app in ("fikiri", "jobs", "crm", "email_automation")
        for path in (BASE / app).rglob("templates/**/*.html")
        if path.parent.name != "mail"  # read by mail programs, which know styles of an element alone
    ],
    *(Path(django.contrib.admin.__file__).parent / "templates").rglob("*.html"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/admin/login/", "/admin/", "/api/jobs", "/api/no-such", "/healthz", "/no-such"])
def test_every_answer_has_the_headers(path: str) -> None:
    headers = Client().get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_scripts_or_styles_of_its_own(template: Path) -> None:
    text = template.read_text()
    if template.name == "change_list.html":  # for a list whose actions are nowhere, which ours are not
        text = text.replace("<style>", "", 1)
    assert INLINE.findall(text) == []


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "", "127.0.0.1"),
        (False, "6.6.6.6", "127.0.0.1"),
        (True, "6.6.6.6, 10.0.0.7", "10.0.0.7"),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "<script>", ""),
    ],
)
def test_the_address_is_the_one_that_the_last_proxy_saw(behind_proxy: bool, forwarded: str, address: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with override_settings(BEHIND_PROXY=behind_proxy):
        assert address_of(RequestFactory().get("/", headers=headers)) == address


@pytest.mark.django_db
def test_what_is_done_over_the_network_is_recorded_with_where_from(admin_client: Client, admin_user: User) -> None:
    QueueControl.objects.create(name="ai")
    admin_client.post("/admin/jobs/queuecontrol/", {"action": "pause", "_selected_action": "ai"})
    admin_client.post("/api/queues/ai/resume", {}, content_type="application/json")
    entries = AuditEntry.objects.order_by("id").values_list("verb", "by", "origin", "address")
    assert list(entries) == [("pause", "admin", "admin", "127.0.0.1"), ("resume", "admin", "REST", "127.0.0.1")]


def test_no_address_shows_results_of_celery_by_their_id() -> None:
    """django-celery-results ships such views, which ask nobody who they are."""
    modules = {pattern.callback.__module__ for pattern in _patterns(get_resolver())}
    assert not {name for name in modules if name.startswith("django_celery_results")}


def _patterns(resolver: Any) -> Iterator[Any]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        else:
            yield pattern
