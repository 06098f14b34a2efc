"""The audit over REST: who did what, from where and why."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import audit
from jobs.access import Verb
from jobs.api import access, numbered, parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.responses import ok
from jobs.api.schema import described, parameter
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.models import AuditEntry

AT_ONCE = 2_000  # entries of a check
FILTERS = {"by": ("by", 150), "verb": ("verb", 64), "subject": ("subject__startswith", 200)}


class EntryRow(TypedDict):
    """`hash` is of all the rest and of the entry before: `manage.py audit --verify` checks the chain."""

    entry_id: int
    at: Time | None
    by: str
    origin: Annotated[str, Field(examples=["REST"])]
    address: str
    verb: Annotated[str, Field(examples=["pause"])]
    subject: Annotated[str, Field(examples=["queue email"])]
    reason: str
    before: Any
    after: Any
    hash: str


class EntryPage(TypedDict):
    entries: list[EntryRow]
    count: int
    next: Annotated[int | None, Field(description="The `before` of the next page, if there is one.")]


class Verified(TypedDict):
    """`first_broken`: the first entry that is not as it was written, or that follows a missing one."""

    sound: bool
    first_broken: int | None
    head_missing: Annotated[bool, Field(description="The `head` that was asked for is there no more.")]
    entries: Annotated[int, Field(description="So many were checked this time and are as they were written.")]
    next: Annotated[int | None, Field(description="The `after` of the next check, if more is to be checked.")]
    head: Annotated[str | None, Field(description="The newest hash. Keep it elsewhere, and ask with it later.")]


class AuditList(ApiView):
    """The newest first. For admins of all queues."""

    @described(
        "list_audit",
        "Who did what",
        EntryPage,
        parameters=[
            parameter("by", {"type": "string", "maxLength": 150}, "Of this person."),
            parameter("verb", {"type": "string", "maxLength": 64, "examples": ["pause"]}, "Such as `pause`."),
            parameter("subject", {"type": "string", "maxLength": 200, "examples": ["queue email"]}, "Beginning so."),
            *numbered.PARAMETERS,
        ],
    )
    def get(self, request: Request) -> Response:
        access.check(request.user, Verb.AUDIT, None)
        entries = AuditEntry.objects.all()
        for name, (lookup, longest) in FILTERS.items():
            if said := parsing.text(request, name, longest):
                entries = entries.filter(**{lookup: said})
        page, following = numbered.page(entries, request)
        rows = [_row(entry) for entry in page]
        return ok({"entries": rows, "count": len(rows), "next": following}, message="Audit listed")


class AuditVerify(ApiView):
    """Checks entries against the one before them, the oldest first, 2,000 at a time. For admins of all queues."""

    @described(
        "verify_audit",
        "Whether the audit is as it was written",
        Verified,
        parameters=[
            parameter(
                "after", {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}, "The `next` of the last check."
            ),
            parameter("head", {"type": "string", "maxLength": 64}, "A hash that was the newest one before."),
        ],
    )
    def get(self, request: Request) -> Response:
        access.check(request.user, Verb.AUDIT, None)
        checked = audit.check(parsing.whole(request, "after", 0, BIGGEST_ID), AT_ONCE)
        kept = parsing.text(request, "head", 64)
        missing = bool(kept) and not audit.has(str(kept))
        data: Verified = {
            "sound": checked.broken is None and not missing,
            "first_broken": checked.broken.pk if checked.broken else None,
            "head_missing": missing,
            "entries": checked.entries,
            "next": checked.last,
            "head": audit.head() or None,
        }
        return ok(data, message="Audit verified" if checked.last is None else "Audit verified so far")


def _row(entry: AuditEntry) -> EntryRow:
    return {
        "entry_id": entry.pk,
        "at": epoch(entry.at),
        "by": entry.by,
        "origin": entry.origin,
        "address": entry.address,
        "verb": entry.verb,
        "subject": entry.subject,
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
        "hash": entry.hash,
    }
