"""Units are reserved with one controller for each account and one for the project."""

import pytest
from pytest_django.fixtures import Settings

from email_automation.models import Quota
from email_automation.quota import controller as quota
from jobs.errors import Snooze
from jobs.testing import FrozenClock

ACCOUNT = "gmail:me@gmail.com"

pytestmark = pytest.mark.django_db


def test_calls_cost_what_the_table_says_unless_a_setting_does(settings: Settings) -> None:
    assert (quota.cost("messages.get"), quota.cost("history.list"), quota.cost("messages.send")) == (20, 2, 100)
    settings.GMAIL_COSTS = {"messages.get": 5}
    assert quota.cost("messages.get") == 5
    assert quota.cost("something.new") == quota.DEAREST


def test_what_would_have_to_wait_long_comes_back_by_itself(jobs_clock: FrozenClock) -> None:
    quota.reserve(ACCOUNT, 4_800, patience=0)
    with pytest.raises(Snooze) as raised:
        quota.reserve(ACCOUNT, 20, patience=5)
    assert 58 < raised.value.seconds < 60 * (1 + quota.SPREAD)
    assert "the quota of gmail:me@gmail.com is used up" in raised.value.reason
    jobs_clock.advance(60)
    quota.reserve(ACCOUNT, 20, patience=0)


def test_a_refusal_pauses_the_account_as_long_as_the_provider_says(jobs_clock: FrozenClock) -> None:
    quota.reserve(ACCOUNT, 20)
    assert quota.learned(ACCOUNT, 429, "rateLimitExceeded", retry_after=30)
    with pytest.raises(Snooze):
        quota.reserve(ACCOUNT, 20)
    quota.reserve("gmail:other@gmail.com", 20)
    jobs_clock.advance(30.1)
    quota.reserve(ACCOUNT, 20, patience=1)


def test_a_refusal_of_the_project_pauses_every_account(jobs_clock: FrozenClock) -> None:
    assert quota.learned(ACCOUNT, 429, "defaultPerMinutePerProject", retry_after=30)
    with pytest.raises(Snooze, match="the quota of gmail is used up"):
        quota.reserve("gmail:other@gmail.com", 20)


@pytest.mark.parametrize(
    ("status", "reason", "refused"),
    [
        (200, "", False),
        (403, "insufficientPermissions", False),
        (403, "userRateLimitExceeded", True),
        (403, "rateLimitExceeded", True),
        (429, "", True),
        (500, "backendError", False),
    ],
)
def test_refusals_are_told_from_other_answers(status: int, reason: str, refused: bool) -> None:
    assert quota.learned(ACCOUNT, status, reason) is refused
    assert Quota.objects.exists() is refused
