from datetime import UTC, datetime, timedelta

import pytest

from crm.scoring import INTENT, SENTIMENT, STAGE, URGENCY, Score, Signals, band, score
from crm.words import Band, Intent, Sentiment, Stage, Urgency

NOW = datetime(2030, 6, 1, tzinfo=UTC)


def points(result: Score) -> dict[str, int]:
    return {reason.text: reason.points for reason in result.reasons}


def test_a_complete_urgent_enquiry_of_a_business_is_hot() -> None:
    result = score(
        Signals(
            email="jane@acme.example",
            intent="sales_enquiry",
            urgency="high",
            sentiment="positive",
            name="Jane",
            phone="+12125550123",
            company="Acme",
            messages=1,
            last_contact_at=NOW,
        ),
        NOW,
    )
    assert points(result) == {
        "intent: sales enquiry": 35,
        "urgency: high": 10,
        "sentiment: positive": 5,
        "phone number known": 8,
        "name known": 4,
        "company known": 4,
        "address of a business": 12,
        "last contact within 7 days": 15,
    }
    assert result.value == 93
    assert result.band == Band.HOT


def test_nothing_known_scores_nothing_and_has_no_reasons() -> None:
    assert score(Signals(email="x@gmail.com"), NOW) == Score(0, ())


def test_the_score_stays_within_0_and_100() -> None:
    low = Signals(email="x@gmail.com", intent="spam", sentiment="negative", stage="closed")
    high = Signals(
        email="jane@acme.example", intent="sales_enquiry", urgency="high", sentiment="positive", name="J", phone="1",
        company="A", stage="booked", messages=9, last_contact_at=NOW,
    )  # fmt: skip
    assert score(low, NOW).value == 0
    assert score(high, NOW).value == 100


@pytest.mark.parametrize(
    ("days", "expected"), [(0, 15), (7, 15), (8, 8), (30, 8), (31, 0), (90, 0), (91, -5), (365, -5), (366, -15)]
)
def test_a_contact_long_ago_is_worth_less(days: int, expected: int) -> None:
    result = score(Signals(email="x@gmail.com", last_contact_at=NOW - timedelta(days=days)), NOW)
    assert sum(points(result).values()) == expected


@pytest.mark.parametrize(("messages", "expected"), [(0, 0), (1, 0), (2, 4), (3, 4), (4, 8), (100, 8)])
def test_those_who_write_again_are_worth_more(messages: int, expected: int) -> None:
    assert score(Signals(email="x@gmail.com", messages=messages), NOW).value == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "cold"), (39, "cold"), (40, "warm"), (69, "warm"), (70, "hot"), (100, "hot")]
)
def test_bands_meet_without_a_gap(value: int, expected: str) -> None:
    assert band(value) == expected


def test_every_word_of_the_tables_is_one_that_a_lead_can_have() -> None:
    assert set(INTENT) <= set(Intent)
    assert set(URGENCY) <= set(Urgency)
    assert set(SENTIMENT) <= set(Sentiment)
    assert set(STAGE) <= set(Stage)


@pytest.mark.parametrize("stages", [("new", "contacted", "replied", "qualified", "proposal", "booked")])
def test_each_stage_up_to_booked_raises_the_score(stages: tuple[str, ...]) -> None:
    scores = [score(Signals(email="x@gmail.com", stage=stage), NOW).value for stage in stages]
    assert scores == sorted(set(scores))
