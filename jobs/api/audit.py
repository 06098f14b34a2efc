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
from jobs.api.responses import ok
from jobs.api.schema import described, parameter
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.models import AuditEntry

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
    entries: int
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
    """Checks every entry against the one before it, which takes as long as there are entries. For admins of all."""

    @described(
        "verify_audit",
        "Whether the audit is as it was written",
        Verified,
        parameters=[parameter("head", {"type": "string", "maxLength": 64}, "A hash that was the newest one before.")],
    )
    def get(self, request: Request) -> Response:
        access.check(request.user, Verb.AUDIT, None)
        broken, kept = audit.first_broken(), parsing.text(request, "head", 64)
        missing = bool(kept) and not audit.has(str(kept))
        data: Verified = {
            "sound": broken is None and not missing,
            "first_broken": broken.pk if broken else None,
            "head_missing": missing,
            "entries": AuditEntry.objects.count(),
            "head": audit.head() or None,
        }
        return ok(data, message="Audit verified")


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
