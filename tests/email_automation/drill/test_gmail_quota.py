"""The drill's Gmail refuses for haste alone, and the pace that everybody's mail has finds what it allows."""

from dataclasses import dataclass, field

import pytest

from email_automation.drill.gmail_quota import BURST, CALLS_A_SECOND, EVERY, UNITS, Allowance
from tests.email_automation import moving_quota
from tests.email_automation.moving_quota import Limit, simulate, steps

SENDERS = 6  # processes


@dataclass
class Gmail:
    limit: Limit
    allowance: Allowance = field(default_factory=lambda: Allowance(0.0))

    def ask(self, at: float, units: float) -> tuple[bool, float | None]:
        return self.allowance.takes(at), None


def test_who_waits_for_his_turn_is_never_refused() -> None:
    allowance = Allowance(0.0)
    assert all(allowance.takes(number / min(CALLS_A_SECOND)) for number in range(2_000))


def test_who_does_not_is_refused_what_goes_beyond_the_pace() -> None:
    allowance = Allowance(0.0)
    taken = sum(allowance.takes(number / 1_000) for number in range(10_000))
    assert taken == pytest.approx((BURST + 10) * CALLS_A_SECOND[0], abs=2)


def test_the_quotas_pace_uses_most_of_it_and_is_seldom_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving_quota, "GET", UNITS)
    limits = [60 * calls * UNITS for calls in CALLS_A_SECOND]
    gmail, least = Gmail(steps(*limits, every=EVERY)), min(limits)
    outcome = simulate(gmail, 120, begin=least, most=4 * least, workers=SENDERS, latency=(0.01, 0.03))
    assert (outcome.used > 0.8, 0 < outcome.refused < 0.01) == (True, True), outcome
