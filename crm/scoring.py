"""How promising a lead is: points with their reasons, nothing hidden.

| signal            | points                                                                        |
|-------------------|-------------------------------------------------------------------------------|
| intent            | sales enquiry 35, appointment 30, billing 5, support 5, complaint -5,         |
|                   | notification -30, newsletter -30, spam -40                                    |
| urgency           | high 10, normal 4                                                             |
| sentiment         | positive 5, negative -10                                                      |
| contact details   | phone 8, name 4, company 4                                                    |
| address           | of a business 12 (a free mail provider: none)                                 |
| last contact      | within 7 days 15, 30 days 8, 90 days none, a year -5, longer ago -15          |
| messages          | 2 or 3: 4, 4 or more: 8                                                       |
| stage             | contacted 2, replied 8, qualified 15, proposal 20, booked 25, closed -30      |

The sum is cut to 0..100. Cold is below 40, warm below 70, hot from there on. The points are a first judgement, not a
measurement; each lead keeps the reasons of its score, so a change of this table can be followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.addresses import is_free_mail
from crm.words import HOT_FROM, WARM_FROM, Band, Intent, Sentiment, Stage, Urgency

INTENT = {
    Intent.SALES_ENQUIRY: 35,
    Intent.APPOINTMENT: 30,
    Intent.BILLING: 5,
    Intent.SUPPORT: 5,
    Intent.COMPLAINT: -5,
    Intent.NOTIFICATION: -30,
    Intent.NEWSLETTER: -30,
    Intent.SPAM: -40,
}
URGENCY = {Urgency.HIGH: 10, Urgency.NORMAL: 4}
SENTIMENT = {Sentiment.POSITIVE: 5, Sentiment.NEGATIVE: -10}
STAGE = {
    Stage.CONTACTED: 2,
    Stage.REPLIED: 8,
    Stage.QUALIFIED: 15,
    Stage.PROPOSAL: 20,
    Stage.BOOKED: 25,
    Stage.CLOSED: -30,
}
PHONE, NAME, COMPANY, BUSINESS_ADDRESS = 8, 4, 4, 12
# (days at most, reason, points); older than the last is LONG_AGO
RECENCY = (
    (7, "last contact within 7 days", 15),
    (30, "last contact within 30 days", 8),
    (90, "last contact within 90 days", 0),
    (365, "last contact within a year", -5),
)
LONG_AGO = ("last contact over a year ago", -15)
# (messages at least, points)
MESSAGES = ((4, 8), (2, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a score is made of; empty text where a thing is not known. `last_contact_at` is aware."""

    email: str
    intent: str = ""
    urgency: str = ""
    sentiment: str = ""
    name: str = ""
    phone: str = ""
    company: str = ""
    stage: str = Stage.NEW
    messages: int = 0
    last_contact_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100, and the reasons with their points in the order of the table."""

    value: int
    reasons: tuple[Reason, ...]

    @property
    def band(self) -> Band:
        return band(self.value)


def score(signals: Signals, now: datetime) -> Score:
    """The score of a lead at this moment (aware)."""
    reasons = tuple(reason for reason in _reasons(signals, now) if reason.points)
    return Score(max(0, min(100, sum(reason.points for reason in reasons))), reasons)


def band(value: int) -> Band:
    """What a score of 0 to 100 means."""
    if value >= HOT_FROM:
        return Band.HOT
    return Band.WARM if value >= WARM_FROM else Band.COLD


def _reasons(signals: Signals, now: datetime) -> Iterator[Reason]:
    yield from _known("intent", Intent, signals.intent, INTENT)
    yield from _known("urgency", Urgency, signals.urgency, URGENCY)
    yield from _known("sentiment", Sentiment, signals.sentiment, SENTIMENT)
    yield from _details(signals)
    yield from _recency(signals.last_contact_at, now)
    yield from _messages(signals.messages)
    yield from _known("stage", Stage, signals.stage, STAGE)


def _known(
    what: str,
    words: type[Intent] | type[Urgency] | type[Sentiment] | type[Stage],
    value: str,
    points: dict[Intent, int] | dict[Urgency, int] | dict[Sentiment, int] | dict[Stage, int],
) -> Iterator[Reason]:
    for word, worth in points.items():
        if word == value:
            yield Reason(f"{what}: {words(value).label.lower()}", worth)


def _details(signals: Signals) -> Iterator[Reason]:
    if signals.phone:
        yield Reason("phone number known", PHONE)
    if signals.name:
        yield Reason("name known", NAME)
    if signals.company:
        yield Reason("company known", COMPANY)
    if not is_free_mail(signals.email):
        yield Reason("address of a business", BUSINESS_ADDRESS)


def _recency(last: datetime | None, now: datetime) -> Iterator[Reason]:
    if last is None:
        return
    for days, text, points in RECENCY:
        if now - last <= timedelta(days=days):
            yield Reason(text, points)
            return
    yield Reason(*LONG_AGO)


def _messages(count: int) -> Iterator[Reason]:
    for least, points in MESSAGES:
        if count >= least:
            yield Reason(f"{least} messages or more", points)
            return
