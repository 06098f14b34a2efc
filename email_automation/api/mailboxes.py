"""A user's mailboxes over REST: list them, sync one, pause one."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from pydantic import Field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import LARGEST, Accepted, Id, Moment, accepted, iso, own, person, user_id
from email_automation.connecting import scopes
from email_automation.models import Mailbox, MailboxKind
from email_automation.services.mailboxes import MAX_DAYS, MAX_MESSAGES
from jobs.api import parsing
from jobs.api.parsing import BIGGEST_ID, Body, Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.view import ApiView

NO_ACCOUNT = "not_connected"


class SyncRequest(serializers.Serializer[Any]):
    mailbox_id = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)


class SyncWish(Body):
    """What is left out is as the mailbox says."""

    window_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = None
    max_messages: Annotated[int, Field(ge=1, le=MAX_MESSAGES)] | None = None


class MailboxRow(TypedDict):
    """`account`: connected, needs_reauth, disconnected, or not_connected. `allowed`: what its owner allowed us.

    Mail from before `connected_since` moves no rule to write. `sends_through`: its own SMTP server, if it has one.
    """

    id: Id
    kind: MailboxKind
    name: str
    address: str
    account: str
    reason: str
    allowed: list[str]
    sends_through: str
    connected_at: Moment | None
    connected_since: Moment
    last_synced_at: Moment | None
    paused: bool
    paused_reason: str


class MailboxPage(TypedDict):
    mailboxes: list[MailboxRow]
    count: int


class Sync(ApiView):
    """`POST` syncs one of the user's mailboxes; without `mailbox_id` the one that was added first."""

    @described("sync_mailbox", "Sync one of your mailboxes", Accepted, takes=SyncRequest, status=[202])
    def post(self, request: Request) -> Response:
        form = SyncRequest(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data.get("mailbox_id")
        mailbox = services.mailbox_of(user_id(request)) if wanted is None else own(mine(request), wanted, "mailbox")
        return accepted(services.sync_mailbox(mailbox, sync_type="api"), "The mailbox will be synced.")


class MailboxList(ApiView):
    """The user's mailboxes, oldest first."""

    @described("list_mailboxes", "Your mailboxes and their accounts", MailboxPage)
    def get(self, request: Request) -> Response:
        rows = [row(mailbox) for mailbox in mine(request).order_by("pk")[:LARGEST]]
        return ok({"mailboxes": rows, "count": len(rows)})


class MailboxDetail(ApiView):
    @described("get_mailbox", "One of your mailboxes", MailboxRow)
    def get(self, request: Request, mailbox_id: int) -> Response:
        return ok(row(own(mine(request), mailbox_id, "mailbox")))


class MailboxSync(ApiView):
    @described("sync_this_mailbox", "Sync a mailbox", Accepted, takes=SyncWish, status=[202])
    def post(self, request: Request, mailbox_id: int) -> Response:
        mailbox = own(mine(request), mailbox_id, "mailbox")
        wish = parsing.body_of(request, SyncWish)
        job = services.sync_mailbox(
            mailbox, sync_type="api", window_days=wish.window_days, max_messages=wish.max_messages
        )
        return accepted(job, "The mailbox will be synced.")


class MailboxPause(ApiView):
    @described("pause_mailbox", "Pause a mailbox: its syncs wait", MailboxRow, takes=Reasoned)
    def post(self, request: Request, mailbox_id: int) -> Response:
        mailbox = own(mine(request), mailbox_id, "mailbox")
        reason = parsing.body_of(request, Reasoned).reason
        services.pause_mailbox(mailbox, by=person(request).get_username(), reason=reason)
        return ok(row(mailbox), message="The mailbox is paused.")


class MailboxResume(ApiView):
    @described("resume_mailbox", "Resume a mailbox: its syncs go on", MailboxRow, takes=Reasoned)
    def post(self, request: Request, mailbox_id: int) -> Response:
        mailbox = own(mine(request), mailbox_id, "mailbox")
        reason = parsing.body_of(request, Reasoned).reason
        services.resume_mailbox(mailbox, by=person(request).get_username(), reason=reason)
        return ok(row(mailbox), message="The mailbox goes on.")


def mine(request: Request) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(user_id=user_id(request)).select_related("account")


def row(mailbox: Mailbox) -> MailboxRow:
    account = getattr(mailbox, "account", None)
    return {
        "id": mailbox.pk,
        "kind": MailboxKind(mailbox.kind),
        "name": mailbox.name,
        "address": account.address if account else "",
        "account": account.state if account else NO_ACCOUNT,
        "reason": account.reason if account else "",
        "allowed": sorted(scopes.functions(account.scopes)) if account else [],
        "sends_through": account.own_smtp if account else "",
        "connected_at": iso(account.connected_at) if account else None,
        "connected_since": iso(mailbox.connected_since),
        "last_synced_at": iso(mailbox.last_synced_at),
        "paused": mailbox.paused_at is not None,
        "paused_reason": mailbox.paused_reason,
    }
