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
    for part in _parts(exists, floor, below):
        criteria: list[object] = [*part, *(["SINCE", since] if since else [])]
        with spoken_with(client.host):
            found = client.search(criteria)
        # `n:*` also finds the last message where nothing is as high as n; and servers say what they like.
        if uids := sorted({uid for uid in found if floor < uid < below}, reverse=True):
            yield uids


def _parts(exists: int, floor: int, below: int) -> Iterator[list[str]]:
    """By UID where few are in question, else by number: UIDs may be far apart, numbers are not.

    What is removed meanwhile moves others to lower numbers, where they are found too.
    """
    if below - floor <= exists:
        for high in range(below - 1, floor, -AT_ONCE):
            yield ["UID", f"{max(floor + 1, high - AT_ONCE + 1)}:{high}"]
    else:
        for high in range(exists, 0, -AT_ONCE):
            yield [f"{max(1, high - AT_ONCE + 1)}:{high}", "UID", f"{floor + 1}:{below - 1}"]
