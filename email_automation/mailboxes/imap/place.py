"""Where a sync of an IMAP account stands, as a cursor.

A folder's past is told by four numbers: the UIDVALIDITY under which its UIDs mean something, the last UID that was
looked at, and HIGHESTMODSEQ and the number of messages when that was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from email_automation.mailboxes.base import Cursor

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one folder."""

    validity: int
    last: int = 0
    """Every UID up to this one was read, or left there on purpose."""
    modseq: int = 0
    """0: the server does not count changes."""
    exists: int = 0

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(*(int(number) for number in text.split(":")))

    def __str__(self) -> str:
        return f"{self.validity}:{self.last}:{self.modseq}:{self.exists}"


@dataclass(frozen=True, slots=True)
class Step:
    """The folder that is being read."""

    key: str
    future: Past
    """Its past, once it is read."""
    floor: int = 0
    """UIDs up to this one were read by an earlier sync."""
    compared: int = 0
    """UIDs up to this one were looked at for changes."""
    below: int = 0
    """UIDs from this one on have been read; 0: none yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """All of an account. The last four are of a sync that is under way."""

    folders: dict[str, Past] = field(default_factory=dict)
    since: int = 0
    """The first day (its ordinal) that was read; 0: all days were."""
    limit: int = 0
    """How many messages the first sync read at most; 0: all."""
    done: int = 0
    whole: bool = False
    """Reads what no sync before did: the first one, or one that goes further back."""
    finished: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    """Beginnings of ids that mean nothing any more: of folders that are gone, or count anew."""
    spent: int = 0
    step: Step | None = None

    @classmethod
    def of(cls, cursor: Cursor | None) -> Self | None:
        if not cursor or cursor.get("imap") != FORMAT:
            return None
        pairs = (one.split("=") for one in str(cursor["folders"]).split())
        return cls(
            folders={key: Past.of(numbers) for key, numbers in pairs},
            since=int(cursor["since"]),
            limit=int(cursor["limit"]),
            done=int(cursor["done"]),
            whole=bool(cursor.get("whole")),
            finished=tuple(str(cursor.get("finished", "")).split()),
            stale=tuple(str(cursor.get("stale", "")).split()),
            spent=int(cursor.get("spent", 0)),
            step=_step(cursor),
        )

    @property
    def is_spent(self) -> bool:
        return self.whole and 0 < self.limit <= self.spent

    def affordable(self, uids: Sequence[int]) -> Sequence[int]:
        """As many of them as may be read by this sync."""
        return uids[: max(0, self.limit - self.spent)] if self.whole and self.limit else uids

    def begun(self, step: Step) -> Self:
        return replace(self, step=step)

    def ended(self, step: Step) -> Self:
        """Nothing of this folder is left to do."""
        folders = self.folders | {step.key: step.future}
        return replace(self, folders=folders, finished=(*self.finished, step.key), step=None)

    def settled(self) -> Cursor:
        """Where the next sync begins."""
        return replace(self, whole=False, finished=(), stale=(), spent=0, step=None, done=0).cursor()

    def cursor(self) -> Cursor:
        cursor: Cursor = {
            "imap": FORMAT,
            "folders": " ".join(f"{key}={past}" for key, past in self.folders.items()),
            "since": self.since,
            "limit": self.limit,
            "done": self.done,
        }
        if self.finished or self.stale or self.whole or self.step:
            cursor |= {"whole": int(self.whole), "finished": " ".join(self.finished), "spent": self.spent}
            cursor |= {"stale": " ".join(self.stale)}
        if self.step:
            cursor |= {"now": self.step.key, "future": str(self.step.future), "floor": self.step.floor}
            cursor |= {"compared": self.step.compared, "below": self.step.below}
        return cursor


def _step(cursor: Cursor) -> Step | None:
    if "now" not in cursor:
        return None
    numbers = (int(cursor[name]) for name in ("floor", "compared", "below"))
    return Step(str(cursor["now"]), Past.of(str(cursor["future"])), *numbers)
