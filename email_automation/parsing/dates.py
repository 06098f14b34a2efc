"""When a message was written, as far as that can be believed."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # the first mail was sent in that year
AHEAD = timedelta(days=2)  # how far a sender's clock may be ahead of ours


def parse_date(text: str) -> datetime | None:
    """A Date header as an aware datetime in UTC; None where it is not a date, or one that cannot be."""
    text = text[:200].strip()
    date = _rfc_date(text) or _iso_date(text)
    if date is None:
        return None
    try:
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except OverflowError:
        return None
    return date if EARLIEST <= date <= datetime.now(UTC) + AHEAD else None


def received_date(received: str) -> datetime | None:
    """The date at the end of a Received header."""
    return parse_date(received.rpartition(";")[2])


def _rfc_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):  # it raises each of them for some text
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
