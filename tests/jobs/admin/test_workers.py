from __future__ import annotations

import uuid
from typing import Any

import celery
import pytest
from django.test import Client

from jobs import broker, identity
from jobs.clock import Now
from jobs.models import AuditEntry, WorkerBeat
from tests.jobs.admin.conftest import text_of
from tests.jobs.api import states

LIST = "/admin/jobs/workers/"


@pytest.fixture
def worker(db: None) -> WorkerBeat:
    me = identity.current()
    return WorkerBeat.objects.create(
        boot=me.boot, name="<b>crm@h", host="h", pid=1, queues=["crm"], slots=2, started_at=Now(), beat_at=Now()
    )


def test_each_is_shown_with_what_it_does(as_viewer: Client, worker: WorkerBeat) -> None:
    job = states.running()
    text = text_of(as_viewer.get(LIST))
    assert "1 of 2 slots busy" in text
    assert f"/admin/jobs/job/{job.pk}/change/" in text
    assert "&lt;b&gt;crm@h" in text


def test_none_is_told_with_the_remedy(as_viewer: Client) -> None:
    assert "manage.py worker" in text_of(as_viewer.get(LIST))


def test_one_is_stopped_after_it_was_asked_back(
    as_operator: Client, worker: WorkerBeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(broker, "is_open", lambda: False)
    monkeypatch.setattr(celery.current_app.control, "broadcast", lambda *told, **__: asked.append(told))
    address = f"{LIST}{worker.boot}/stop/"
    assert "may finish" in text_of(as_operator.get(address))
    assert asked == []
    assert "was asked to end" in text_of(as_operator.post(address, {"reason": "new version"}, follow=True))
    assert (asked, AuditEntry.objects.get().reason) == ([("shutdown",)], "new version")


def test_one_that_is_gone_leads_back(as_operator: Client) -> None:
    assert "not there any more" in text_of(as_operator.get(f"{LIST}{uuid.uuid4()}/stop/", follow=True))


def test_who_may_only_look_stops_none(as_viewer: Client, worker: WorkerBeat) -> None:
    assert "/stop/" not in text_of(as_viewer.get(LIST))
    assert as_viewer.post(f"{LIST}{worker.boot}/stop/").status_code == 403
