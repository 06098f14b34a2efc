"""Each alert is told once, and once more when it is over."""

import pytest
from pytest_django import Settings

from jobs.alerts import rules, tasks, watch
from jobs.alerts.rules import Sight
from jobs.config import config
from jobs.models import Alert, Job, Telling
from jobs.testing import FrozenClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

AT_ONCE = Sight("dead", "email", "1 job died.", at_once=True)
LASTING = Sight("no_worker", "ai", "Queue ai has no worker.")


@pytest.fixture
def sights(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[Sight]:
    """What the rules see; a webhook is to be told."""
    settings.JOBS = settings.JOBS | {"ALERT_WEBHOOK": "https://example.com/hook", "ALERT_SECRET": "s"}
    seen: list[Sight] = []
    monkeypatch.setattr(rules, "look", lambda: list(seen))
    return seen


def told() -> list[tuple[str, str]]:
    """What was told, in order: the alert and its state."""
    jobs = Job.objects.filter(task__in=tasks.NAMES).order_by("created_at", "id")
    return [(job.arguments["alert"]["alert"], job.arguments["alert"]["state"]) for job in jobs]


def test_what_cannot_last_is_told_at_once_and_once(sights: list[Sight]) -> None:
    sights.append(AT_ONCE)
    assert [watch.run_once() for _ in range(3)] == [1, 0, 0]
    assert told() == [("dead", "firing")]


def test_what_comes_and_goes_is_told_when_it_has_lasted(sights: list[Sight], jobs_clock: FrozenClock) -> None:
    sights.append(LASTING)
    watch.run_once()
    jobs_clock.advance(config().ALERT_AFTER - 1)
    watch.run_once()
    assert told() == []
    jobs_clock.advance(2)
    watch.run_once()
    assert told() == [("no_worker", "firing")]


def test_it_is_over_when_it_has_been_gone_for_a_while_and_that_is_told_once(
    sights: list[Sight], jobs_clock: FrozenClock
) -> None:
    sights.append(AT_ONCE)
    watch.run_once()
    sights.clear()
    jobs_clock.advance(config().ALERT_AFTER - 1)
    watch.run_once()
    assert told() == [("dead", "firing")]
    jobs_clock.advance(2)
    watch.run_once()
    watch.run_once()
    assert told() == [("dead", "firing"), ("dead", "over")]
    assert not Alert.objects.exists()


def test_what_was_over_before_it_was_told_is_never_told(sights: list[Sight], jobs_clock: FrozenClock) -> None:
    sights.append(LASTING)
    watch.run_once()
    sights.clear()
    jobs_clock.advance(config().ALERT_AFTER + 1)
    watch.run_once()
    assert (told(), Alert.objects.count()) == ([], 0)


def test_what_comes_again_is_told_again(sights: list[Sight], jobs_clock: FrozenClock) -> None:
    for _ in range(2):
        sights.append(AT_ONCE)
        watch.run_once()
        sights.clear()
        jobs_clock.advance(config().ALERT_AFTER + 1)
        watch.run_once()
    assert told() == [("dead", "firing"), ("dead", "over")] * 2


def test_where_nobody_is_to_be_told_it_fires_all_the_same(
    sights: list[Sight], settings: Settings, jobs_clock: FrozenClock
) -> None:
    sights.append(AT_ONCE)
    settings.JOBS = settings.JOBS | {"ALERT_WEBHOOK": ""}
    assert (watch.run_once(), Alert.objects.get().told_at, Telling.objects.count()) == (0, None, 0)
    sights.clear()
    jobs_clock.advance(config().ALERT_AFTER + 1)
    assert (watch.run_once(), Alert.objects.count(), told()) == (0, 0, [])


def test_whoever_is_named_later_is_told_of_what_still_fires(sights: list[Sight], settings: Settings) -> None:
    sights.append(AT_ONCE)
    receiver = settings.JOBS
    settings.JOBS = receiver | {"ALERT_WEBHOOK": ""}
    watch.run_once()
    settings.JOBS = receiver
    assert (watch.run_once(), told()) == (1, [("dead", "firing")])


def test_each_way_that_is_switched_on_is_told(sights: list[Sight], settings: Settings) -> None:
    settings.JOBS = settings.JOBS | {"ALERT_MAIL": ["ops@example.com"]}
    sights.append(AT_ONCE)
    watch.run_once()
    assert set(Job.objects.values_list("task", flat=True)) == {"alert_by_webhook_crm", "alert_by_mail_crm"}
