"""The UIDs of the folder that is open, from the newest down, in answers of bounded size."""

from collections.abc import Iterator
from datetime import date

from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import spoken_with

AT_ONCE = 5000


def uids_from_the_top(
    client: Client, exists: int, floor: int, below: int, since: date | None = None
) -> Iterator[list[int]]:
    """UIDs above `floor` and below `below`, of messages that arrived since a day, each list in descending order."""
    for low, high in _ranges(client, exists, floor + 1, below - 1):
        criteria = ["UID", f"{low}:{high}", *(["SINCE", since] if since else [])]
        with spoken_with(client.host):
            found = client.search(criteria)
        # `n:*` also finds the last message where nothing is as high as n; and servers say what they like.
        if uids := sorted({uid for uid in found if low <= uid <= high}, reverse=True):
            yield uids


def _ranges(client: Client, exists: int, lowest: int, highest: int) -> Iterator[tuple[int, int]]:
    """Divides a range of UIDs so that none has more than AT_ONCE messages, however far apart their UIDs are.

    What is removed meanwhile makes a part smaller, never larger.
    """
    if highest - lowest < max(exists, AT_ONCE):
        for high in range(highest, lowest - 1, -AT_ONCE):
            yield max(lowest, high - AT_ONCE + 1), high
        return
    for number in range(exists - AT_ONCE + 1, 0, -AT_ONCE):
        low = client.uid_at(number)
        if low <= lowest:
            break
        if low <= highest:
            yield low, highest
            highest = low - 1
    if lowest <= highest:
        yield lowest, highest
