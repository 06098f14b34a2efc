"""The pace follows a limit that nobody tells: nearly all of it is used, nearly nothing refused."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from email_automation.quota.pacing import BURST, CEILING, HOLD, LONGER_HOLD, LONGEST_PAUSE, PAUSE, QUICKEST, SAFE, Pace
from tests.email_automation.moving_quota import Bucket, Limit, Minutes, Provider, Window, simulate, steps

HOUR = 3600
STEADY = steps(4_800, every=HOUR)
MOVING = steps(4_800, 2_400, 6_000, 3_000, 4_800, 1_200, every=600)
QUICKLY = steps(4_800, 3_000, 6_000, 2_400, every=300)
PROVIDERS: dict[str, Callable[[Limit], Provider]] = {
    "a small bucket": lambda limit: Bucket(limit, 2),
    "a large bucket": lambda limit: Bucket(limit, 10),
    "minutes": Minutes,
}


@pytest.mark.long
@pytest.mark.parametrize("limit", [STEADY, MOVING, QUICKLY], ids=["steady", "moving", "quickly"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_over_90_percent_are_used_and_under_1_percent_refused(provider: str, limit: Limit) -> None:
    outcome = simulate(PROVIDERS[provider](limit), HOUR)
    assert outcome.used > 0.9
    assert outcome.refused < 0.01


@pytest.mark.long
@pytest.mark.parametrize("seconds", [2, 5, 10])
def test_also_of_a_limit_that_moves_each_minute(seconds: int) -> None:
    outcome = simulate(Bucket(steps(4_800, 3_000, 6_000, 3_600, every=60), seconds), HOUR)
    assert (outcome.used > 0.9, outcome.refused < 0.01) == (True, True), outcome


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2, 30])
def test_however_many_workers_share_it(workers: int) -> None:
    outcome = simulate(Bucket(MOVING, 5), HOUR, workers=workers)
    assert (outcome.used > 0.9, outcome.refused < 0.01) == (True, True), outcome


BUSY: dict[str, dict[str, Any]] = {
    "one that syncs": {"workers": 1, "ahead": 12, "latency": (0.02, 0.05)},
    "thirty workers": {"workers": 30, "latency": (0.02, 0.05)},
}


@pytest.mark.long
@pytest.mark.parametrize("who", BUSY)
@pytest.mark.parametrize(("every", "used"), [(60, 0.88), (75, 0.9), (300, 0.9), (HOUR, 0.9)])
def test_of_25_calls_a_second_as_much_is_used_by_one_that_counts_back(every: int, used: float, who: str) -> None:
    """One that moves each minute is used a little less: a hole that a pause leaves comes back when it is counted."""
    window = Window(steps(30_000, 18_000, 30_000, every=every), 5)
    outcome = simulate(window, 600, begin=24_000, most=90_000, **BUSY[who])
    assert (outcome.used > used, outcome.refused < 0.006) == (True, True), outcome


@pytest.mark.parametrize("seconds", [2, 5, 10])
def test_of_25_calls_a_second_nearly_all_are_used_of_one_that_fills_evenly(seconds: int) -> None:
    bucket = Bucket(steps(30_000, 18_000, 30_000, every=60), seconds)
    outcome = simulate(bucket, 600, begin=24_000, most=90_000, **BUSY["one that syncs"])
    assert (outcome.used > 0.94, outcome.refused < 0.006) == (True, True), outcome


def test_where_calls_are_many_a_refusal_pauses_for_a_few_of_them() -> None:
    assert Pace.starting(40_000, now=0.0).refused(100.0, None).wait(100.0) == pytest.approx(PAUSE / QUICKEST)


def test_one_that_counts_back_a_minute_and_says_nothing_is_used_well_while_it_holds_still() -> None:
    outcome = simulate(Window(STEADY, 60), HOUR)
    assert (outcome.used > 0.9, outcome.refused < 0.01) == (True, True), outcome


@pytest.mark.long
@pytest.mark.parametrize(("limit", "refused"), [(600, 0.02), (1_500, 0.012), (12_000, 0.01), (15_000, 0.01)])
def test_a_limit_far_from_the_first_guess_is_found(limit: int, refused: float) -> None:
    """Where calls are few, those that find it weigh more."""
    outcome = simulate(Bucket(steps(limit, every=HOUR), 5), HOUR)
    assert (outcome.used > 0.9, outcome.refused < refused) == (True, True), outcome


def test_units_go_evenly() -> None:
    pace, now, waits = Pace.starting(6_000, now=0.0), 100.0, []
    for _ in range(10):
        waits.append(pace.wait(now))
        pace = pace.taken(100, now, 6_000)
    assert waits[:2] == [0.0, 0.0]  # what a burst holds
    assert [round(later - sooner, 3) for sooner, later in itertools.pairwise(waits[1:])] == [1.0] * 8


def test_one_call_may_be_dearer_than_a_bursts_units() -> None:
    pace = Pace.starting(60, now=0.0)
    assert pace.wait(100.0) == 0.0
    assert pace.taken(100, 100.0, 60).wait(100.0) == pytest.approx(100 - BURST)


def test_who_uses_little_does_not_raise_the_rate() -> None:
    pace = Pace.starting(4_800, now=0.0)
    for second in range(10, HOUR, 10):
        pace = pace.taken(20, float(second), 15_000)
    assert pace.rate == 4_800


def test_it_never_rises_above_its_limit() -> None:
    pace = Pace.starting(4_800, now=0.0)
    now = 0.0
    for _ in range(5_000):
        pace = pace.taken(20, now, 5_000)
        now += pace.wait(now)
    assert pace.rate == 5_000


def test_a_refusal_stops_everybody_for_as_long_as_the_provider_says() -> None:
    pace = Pace.starting(4_800, now=0.0).refused(100.0, retry_after=30.0)
    assert pace.wait(100.0) == 30.0


def test_refusals_of_calls_under_way_count_as_one() -> None:
    once = Pace.starting(4_800, now=0.0).refused(100.0, None)
    again = once.refused(100.1, None)
    assert (again.rate, again.refusals) == (once.rate, 1)
    assert once.rate == pytest.approx(4_800 * CEILING * SAFE)


def test_from_one_refusal_to_the_next_the_limit_is_measured() -> None:
    """A provider that lets 3,000 through says so by when it refuses the second time, however far too fast that was."""
    pace, now = Pace.starting(4_800, now=0.0).refused(100.0, None), 100.0
    bucket = Bucket(lambda _: 3_000, 5, at=100.0)
    while True:
        now += pace.wait(now)
        pace = pace.taken(20, now, 15_000)
        if not bucket.ask(now, 20)[0]:
            break
    surprised = pace.refused(now, None)
    assert surprised.plateau == pytest.approx(3_000 * SAFE, rel=0.1)
    assert surprised.hold == HOLD < LONGER_HOLD


def test_what_is_confirmed_is_held_for_longer() -> None:
    pace, now, holds = Pace.starting(4_800, now=0.0), 0.0, []
    for _ in range(4):
        while pace.rate < 1.02 * pace.plateau:
            now += max(pace.wait(now), 0.25)
            pace = pace.taken(20, now, 15_000)
        pace = pace.refused(now, None)
        holds.append(pace.hold)
    assert holds == [LONGER_HOLD] * 4


def test_a_provider_that_goes_on_refusing_is_left_alone_for_longer_each_time() -> None:
    pace, now, pauses = Pace.starting(4_800, now=0.0), 100.0, []
    for _ in range(5):
        pace = pace.refused(now, None)
        pauses.append(pace.wait(now))
        now += pace.wait(now) + 0.1
    assert pauses[0] == PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE)
