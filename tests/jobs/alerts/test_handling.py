"""What people do about alerts, by which surface ever: recorded, with a reason, and heard by the dispatcher."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from jobs import prune
from jobs.alerts import handling, rules, watch
from jobs.alerts.rules import Sight
from jobs.clock import Now
from jobs.config import config
from jobs.errors import Refused
from jobs.models import Alert, AuditEntry, Job, Role, Silence, Telling
from jobs.queues import QUEUES
from jobs.testing import FrozenClock
from tests.jobs.api.people import a_user, with_role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

DEAD = Sight("dead", "email", "1 job died.", at_once=True)
KEY = "dead:email"


@pytest.fixture
def sights(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[Sight]:
    """What the rules see: a dead job. A webhook is to be told."""
    settings.JOBS = settings.JOBS | {"ALERT_WEBHOOK": "https://example.com/hook", "ALERT_SECRET": "s"}
    seen = [DEAD]
    monkeypatch.setattr(rules, "look", lambda: list(seen))
    return seen


@pytest.fixture
def operator(db: None) -> Any:
    return with_role(a_user("ann", is_staff=True), Role.OPERATOR)


@pytest.fixture
def admin(operator: Any) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def rest(operator: Any) -> APIClient:
    client = APIClient()
    client.force_login(operator)
    return client


def told() -> list[str]:
    return list(Telling.objects.order_by("id").values_list("state", flat=True))


def test_what_was_told_is_kept_with_the_jobs_that_deliver_it(sights: list[Sight]) -> None:
    watch.run_once()
    [one] = handling.told()
    assert (one.telling.state, one.telling.text) == ("firing", "1 job died.")
    assert list(one.jobs) == list(Job.objects.filter(task__startswith="alert_by_webhook"))
    assert handling.told(["crm"]) == []


def test_what_is_silent_is_not_told_until_the_silence_is_over(sights: list[Sight], jobs_clock: FrozenClock) -> None:
    handling.silence(KEY, seconds=3600, by="ann", reason="a deploy")
    watch.run_once()
    assert (told(), Alert.objects.get().told_at) == ([], None)
    jobs_clock.advance(3601)
    watch.run_once()
    assert told() == ["firing"]


def test_of_what_ends_while_it_is_silent_nothing_more_is_told(sights: list[Sight], jobs_clock: FrozenClock) -> None:
    watch.run_once()
    handling.silence(KEY, seconds=3600, by="ann", reason="a deploy")
    sights.clear()
    jobs_clock.advance(config().ALERT_AFTER + 1)
    watch.run_once()
    assert (told(), Alert.objects.count()) == (["firing"], 0)


def test_a_silence_that_is_ended_lets_it_be_told(sights: list[Sight]) -> None:
    handling.silence(KEY, seconds=3600, by="ann", reason="a deploy")
    handling.speak(KEY, by="ann")
    watch.run_once()
    assert told() == ["firing"]


def test_who_looks_after_an_alert_is_shown_and_recorded(sights: list[Sight]) -> None:
    watch.run_once()
    alert = handling.take(KEY, by="ann", reason="on it")
    assert (alert.taken_by, alert.taken_reason) == ("ann", "on it")
    entry = AuditEntry.objects.get(verb="take")
    assert (entry.subject, entry.by, entry.reason) == (f"alert {KEY}", "ann", "on it")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: handling.take(KEY, by="ann", reason="mine"), "does not fire"),
        (lambda: handling.silence(KEY, seconds=60, by="ann", reason=" "), "Say why"),
        (lambda: handling.silence(KEY, seconds=0, by="ann", reason="r"), "30 days"),
        (lambda: handling.silence(KEY, seconds=1e9, by="ann", reason="r"), "30 days"),
        (lambda: handling.silence("dead:nowhere", seconds=60, by="ann", reason="r"), "There is no alert"),
        (lambda: handling.speak(KEY, by="ann"), "is not silent"),
    ],
)
def test_what_cannot_be_is_refused_and_not_recorded(act: Any, says: str) -> None:
    with pytest.raises(Refused, match=says):
        act()
    assert not AuditEntry.objects.exists()


def test_every_kind_of_alert_that_a_rule_sees_can_be_silenced(sights: list[Sight]) -> None:
    told_in_the_docs = {"dead", "in_doubt", "held", "queue_age", "no_worker", "silent", "stuck", "failures", "slow"}
    assert set(rules.KINDS) == told_in_the_docs
    assert all(rules.exists(f"{kind}:{queue}") for kind in rules.KINDS for queue in QUEUES)


def test_tellings_go_after_a_quarter(sights: list[Sight]) -> None:
    watch.run_once()
    prune.run_once()
    assert Telling.objects.count() == 1
    Telling.objects.update(at=Now(-91 * 86_400))
    prune.run_once()
    assert Telling.objects.count() == 0


def test_the_page_shows_what_fires_and_handles_it(sights: list[Sight], admin: Client) -> None:
    watch.run_once()
    text = admin.get("/admin/jobs/alerts/").content.decode()
    assert "1 job died." in text
    assert "alert_by_webhook_crm" in text
    assert f"/admin/jobs/alerts/{KEY}/" in text
    admin.post(f"/admin/jobs/alerts/{KEY}/", {"act": "take", "reason": "<b>on it"})
    admin.post(f"/admin/jobs/alerts/{KEY}/", {"act": "3600", "reason": "a deploy"})
    text = admin.get("/admin/jobs/alerts/").content.decode()
    assert "&lt;b&gt;on it" in text
    assert Silence.objects.get().by == "ann"
    admin.post(f"/admin/jobs/alerts/{KEY}/", {"act": "speak", "reason": "done"})
    assert not Silence.objects.exists()


def test_the_page_offers_what_fits_and_asks_for_a_reason(admin: Client, sights: list[Sight]) -> None:
    page = admin.get(f"/admin/jobs/alerts/{KEY}/").content.decode()
    assert ('value="take"' in page, 'value="speak"' in page, 'value="3600"' in page) == (False, False, True)
    assert "errorlist" in admin.post(f"/admin/jobs/alerts/{KEY}/", {"act": "3600"}).content.decode()
    assert admin.get("/admin/jobs/alerts/nothing:email/").status_code == 404


def test_the_page_says_when_nobody_is_told(admin: Client) -> None:
    assert "takes ALERT_WEBHOOK or ALERT_MAIL" in admin.get("/admin/jobs/alerts/").content.decode()


def test_over_rest_it_is_the_same(sights: list[Sight], rest: APIClient) -> None:
    watch.run_once()
    [row] = rest.get("/api/alerts").json()["data"]["firing"]
    assert (row["key"], row["queue"], row["taken_by"]) == (KEY, "email", None)
    assert row["seen_at"] >= row["since"]
    assert rest.post(f"/api/alerts/{KEY}/take", {"reason": "on it"}, format="json").json()["data"]["taken_by"] == "ann"
    silenced = rest.post(f"/api/alerts/{KEY}/silence", {"reason": "a deploy", "seconds": 60}, format="json")
    assert silenced.json()["data"]["reason"] == "a deploy"
    assert [row["key"] for row in rest.get("/api/alerts").json()["data"]["silent"]] == [KEY]
    assert rest.post(f"/api/alerts/{KEY}/speak").status_code == 200
    assert rest.post(f"/api/alerts/{KEY}/speak").json()["code"] == "ALERT_NOT_FOUND"
    without = rest.post(f"/api/alerts/{KEY}/take", {}, format="json")
    assert (without.status_code, without.json()["field"]) == (400, "reason")


def test_in_the_terminal_it_is_the_same(sights: list[Sight]) -> None:
    watch.run_once()
    out = StringIO()
    call_command("alerts", KEY, "--take", "--reason", "on it", stdout=out)
    assert "on it" in out.getvalue()
    assert "alert_by_webhook_crm" in out.getvalue()
    out = StringIO()
    call_command("alerts", KEY, "--silence", "60", "--reason", "a deploy", "--json", stdout=out)
    assert json.loads(out.getvalue())["silent"][0]["reason"] == "a deploy"
    call_command("alerts", KEY, "--speak", stdout=StringIO())
    with pytest.raises(CommandError, match="Name the alert"):
        call_command("alerts", "--take", stdout=StringIO())


def test_an_alert_of_an_account_is_for_those_of_all_queues(sights: list[Sight], admin: Client) -> None:
    sights[:] = [Sight("held", "mailbox:7", "3 jobs held.", at_once=True)]
    watch.run_once()
    of_one = Client()
    of_one.force_login(with_role(a_user("bob", is_staff=True), Role.OPERATOR, "email"))
    seen = ["3 jobs held." in client.get("/admin/jobs/alerts/").content.decode() for client in (admin, of_one)]
    pages = [client.get("/admin/jobs/alerts/held:mailbox:7/").status_code for client in (admin, of_one)]
    assert (seen, pages) == ([True, False], [200, 404])
