"""Places in a Gmail account's mail: how far a sync is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from email_automation.mailboxes.base import Cursor


class Phase(StrEnum):
    LISTING = "listing"
    """What there is, newest first."""
    COMPARING = "comparing"
    """What is stored already, with what there is: its history was forgotten."""
    HISTORY = "history"
    """What has changed since."""


@dataclass(frozen=True, slots=True)
class Place:
    """`history` is the id after which all that happened is still to be told, also while another phase goes on."""

    phase: Phase
    history: int
    page: str = ""
    after: str = ""
    """Of the page, what lies behind this message."""
    until: int = 0
    """Of the history that is being read, its end."""
    compares: bool = False
    """Whether what is stored has to be compared after the listing."""
    done: int = 0

    @property
    def cursor(self) -> Cursor:
        wanted: Cursor = {
            "page": self.page,
            "after": self.after,
            "until": self.until,
            "compares": int(self.compares),
        }
        cursor: Cursor = {"phase": self.phase.value, "history": self.history, "done": self.done}
        return cursor | {name: value for name, value in wanted.items() if value}


def place_of(cursor: Cursor | None) -> Place | None:
    """The place that a cursor means; None where it means none here."""
    if not cursor or cursor.get("phase") not in set(Phase) or not isinstance(cursor.get("history"), int):
        return None
    return Place(
        Phase(str(cursor["phase"])),
        int(cursor["history"]),
        str(cursor.get("page", "")),
        str(cursor.get("after", "")),
        int(cursor.get("until", 0)),
        bool(cursor.get("compares", 0)),
        int(cursor.get("done", 0)),
    )
