"""`manage.py audit`: what people did, the newest first; `--verify`: whether the record is as it was written."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from jobs import audit
from jobs.api.shapes import epoch
from jobs.models import AuditEntry
from jobs.terminal import AnsweringCommand, ago, at_least_one

COLUMNS = ("id", "ago", "by", "from", "verb", "subject", "reason")


class Command(AnsweringCommand):
    help = "List who did what, from where and why. With --verify check the chain: exit 1 names the first broken entry."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--by", help="of this person")
        parser.add_argument("--verb", help="such as pause")
        parser.add_argument("--subject", help="beginning so, such as 'queue email'")
        parser.add_argument("--limit", type=at_least_one, default=50, help="how many at most (default 50)")
        parser.add_argument("--verify", action="store_true", help="check every entry against the one before")
        parser.add_argument("--head", help="a hash that --verify printed before: its entry must still be there")

    def ask(self, *, verify: bool, head: str | None, **wanted: Any) -> Any:
        return self._verify(head) if verify else self._list(**wanted)

    def show(self, answer: Any) -> None:
        if isinstance(answer, dict):
            self.stdout.write(f"{answer['entries']:,} entries, all as they were written. Head: {answer['head'] or '-'}")
            return
        self.table(COLUMNS, (tuple(entry[column] for column in COLUMNS) for entry in answer))

    def _verify(self, head: str | None) -> dict[str, Any]:
        checked = audit.check()
        if broken := checked.broken:
            raise CommandError(f"Entry {broken.pk} ({broken}) is not as it was written, or one before it is missing.")
        if head and not audit.has(head):
            raise CommandError(f"The entry with the hash {head[:64]} is missing.")
        return {"entries": checked.entries, "head": audit.head()}

    def _list(self, *, by: str | None, verb: str | None, subject: str | None, limit: int, **_: Any) -> Any:
        asked = {"by": by, "verb": verb, "subject__startswith": subject}
        entries = AuditEntry.objects.filter(**{name: value for name, value in asked.items() if value})
        return [_shape(entry) for entry in entries[:limit]]


def _shape(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": epoch(entry.at),
        "ago": ago(entry.at),
        "by": entry.by,
        "from": " ".join(filter(None, (entry.origin, entry.address))),
        "verb": entry.verb,
        "subject": entry.subject,
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
        "hash": entry.hash,
    }
