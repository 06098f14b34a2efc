"""`manage.py check` finds a webhook that cannot be."""

import pytest
from pytest_django import Settings

from fikiri import checks


@pytest.mark.parametrize(
    ("jobs", "remedy"),
    [
        ({"ALERT_WEBHOOK": "hooks.example.com"}, "begins with https://"),
        ({"ALERT_WEBHOOK": "https://hooks.example.com"}, "Set ALERT_SECRET"),
    ],
)
def test_a_webhook_that_cannot_be_is_found(settings: Settings, jobs: dict[str, str], remedy: str) -> None:
    settings.JOBS = settings.JOBS | jobs
    [message] = checks.alert_settings()
    assert remedy in str(message.hint)


def test_a_whole_one_and_none_are_fine(settings: Settings) -> None:
    assert list(checks.alert_settings()) == []
    settings.JOBS = settings.JOBS | {"ALERT_WEBHOOK": "https://hooks.example.com", "ALERT_SECRET": "s"}
    assert list(checks.alert_settings()) == []
