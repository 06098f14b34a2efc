"""What is stored, compared with what there is: the way back where Gmail has forgotten what changed.

Asking for each message would cost as much as reading it. Gmail lists ids by label, five hundred at once: so the labels
of all of them are known for a few calls, and only those are asked for that no list has: in the bin, in spam, deleted.
The ids of one window are held meanwhile, about 150 bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from email_automation.gmail import Client, NotFound
from email_automation.mailboxes.base import Changed, Gone
from email_automation.mailboxes.gmail.labels import Labels
from email_automation.mailboxes.gmail.places import Place


def compared(
    client: Client, labels: Labels, query: str, stored: Iterable[str], place: Place
) -> Iterator[Changed | Gone]:
    """What became of stored messages. Their labels may be told though nothing changed."""
    held = labels_by_message(client, labels, query)
    for message_id in stored:
        position = replace(place, after=message_id).cursor
        if message_id in held:
            yield Changed(message_id, position, *labels.state(held.label_ids(message_id)))
            continue
        try:
            message = client.message(message_id)
        except NotFound:
            yield Gone(message_id, position)
        else:
            yield Changed(message_id, position, *labels.state(message.labels or ()))


class Held:
    """Which labels each message has: a bit for each label."""

    def __init__(self, label_ids: list[str]) -> None:
        self._label_ids = label_ids
        self._bits: dict[str, int] = {}

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._bits

    def note(self, message_id: str, label_number: int | None = None) -> None:
        """Note that it is there; with a number, that it has that label."""
        if label_number is None:
            self._bits.setdefault(message_id, 0)
        elif message_id in self._bits:
            self._bits[message_id] |= 1 << label_number

    def label_ids(self, message_id: str) -> list[str]:
        bits = self._bits[message_id]
        return [label for number, label in enumerate(self._label_ids) if bits >> number & 1]


def labels_by_message(client: Client, labels: Labels, query: str) -> Held:
    """Every message that a query finds, with its labels."""
    label_ids = labels.all_ids()
    held = Held(label_ids)
    for message_id in every_id(client, query):
        held.note(message_id)
    for number, label in enumerate(label_ids):
        for message_id in every_id(client, query, label=label):
            held.note(message_id, number)
    return held


def every_id(client: Client, query: str, *, label: str = "") -> Iterator[str]:
    page = ""
    while True:
        found = client.ids(query, page=page, label=label)
        yield from found.ids
        page = found.following
        if not page:
            return
