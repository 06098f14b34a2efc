"""What the provider's headers and codes come to."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from email_automation.ai.openai_errors import LONGEST_WAIT, wait_wished


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "99999999"}, LONGEST_WAIT),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
    ],
)
def test_the_time_that_a_provider_names_is_read(headers: dict[str, str], seconds: float) -> None:
    assert wait_wished(headers) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "soon"},
        {"retry-after": "-5"},
        {"retry-after": "nan"},
        {"retry-after": "inf"},
        {"x-ratelimit-remaining-tokens": "12", "x-ratelimit-reset-tokens": "6m0s"},
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "later"},
    ],
)
def test_nonsense_names_no_time(headers: dict[str, str]) -> None:
    assert wait_wished(headers) is None


def test_a_date_is_a_time_too() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    assert 1_700 < (wait_wished({"retry-after": when}) or 0) <= 1_800


def test_a_date_in_the_past_is_now() -> None:
    assert wait_wished({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
