"""Mailboxes and their accounts over REST: a user's own, and nobody else's. Nothing shows a login."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import scopes, services
from email_automation.callback import redirect_uri
from email_automation.models import Mailbox
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.view import ApiView

NO_ACCOUNT = "not_connected"
AT_MOST = 200


class Answer(serializers.Serializer[Any]):
    state = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=2000, required=False)
    error = serializers.CharField(max_length=200, required=False)


class MailboxRow(TypedDict):
    """`account`: connected, needs_reauth, disconnected, or not_connected. `allowed`: what its owner allowed us."""

    id: int
    kind: str
    name: str
    address: str
    account: str
    reason: str
    allowed: list[str]
    connected_at: str | None
    last_synced_at: str | None


class MailboxPage(TypedDict):
    mailboxes: list[MailboxRow]
    count: int


class Question(TypedDict):
    """Where the owner's browser is to go."""

    authorization_url: str


class ConnectedMailbox(TypedDict):
    """`missing`: what was asked for and not allowed."""

    mailbox: MailboxRow
    missing: list[str]


class Disconnected(TypedDict):
    """`provider_told`: whether the provider knows; if not, the owner removes the access there."""

    mailbox: MailboxRow
    provider_told: bool


class MailboxList(ApiView):
    """The user's mailboxes, oldest first."""

    @described("list_mailboxes", "Your mailboxes and their accounts", MailboxPage)
    def get(self, request: Request) -> Response:
        rows = [_row(mailbox) for mailbox in _mine(request).order_by("pk")[:AT_MOST]]
        return ok({"mailboxes": rows, "count": len(rows)})


class ConnectGmail(ApiView):
    """`POST` begins: the answer is where to send the owner's browser."""

    @described("connect_gmail", "Begin to connect a Gmail account", Question, takes=None, status=[200])
    def post(self, request: Request) -> Response:
        return ok({"authorization_url": services.begin_gmail(_user(request), redirect_uri(request))})


class FinishGmail(ApiView):
    """`POST` finishes with the parameters that Google sent to an address of your own (`GOOGLE_REDIRECT_URI`)."""

    @described("finish_gmail", "Finish connecting a Gmail account", ConnectedMailbox, takes=Answer, status=[200])
    def post(self, request: Request) -> Response:
        answer = Answer(data=request.data)
        answer.is_valid(raise_exception=True)
        connected = services.finish_gmail(_user(request), answer.validated_data)
        told = {"mailbox": _row(_own(request, connected.account.mailbox_id)), "missing": list(connected.missing)}
        return ok(told, message=str(connected))


class Disconnect(ApiView):
    """`POST` takes the access back and erases the login; what was synced stays."""

    @described("disconnect_mailbox", "Disconnect a mailbox", Disconnected, takes=None, status=[200])
    def post(self, request: Request, mailbox_id: int) -> Response:
        told = services.disconnect(_own(request, mailbox_id), by=_user(request).get_username())
        return ok({"mailbox": _row(_own(request, mailbox_id)), "provider_told": told})


def _mine(request: Request) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(user_id=_user(request).pk).select_related("account")


def _own(request: Request, pk: int) -> Mailbox:
    return get_object_or_404(_mine(request), pk=pk)


def _user(request: Request) -> Any:
    return request.user  # the permission class lets nobody in without a login


def _row(mailbox: Mailbox) -> MailboxRow:
    account = getattr(mailbox, "account", None)
    return {
        "id": mailbox.pk,
        "kind": mailbox.kind,
        "name": mailbox.name,
        "address": account.address if account else "",
        "account": account.state if account else NO_ACCOUNT,
        "reason": account.reason if account else "",
        "allowed": sorted(scopes.functions(account.scopes)) if account else [],
        "connected_at": account.connected_at.isoformat() if account and account.connected_at else None,
        "last_synced_at": mailbox.last_synced_at.isoformat() if mailbox.last_synced_at else None,
    }
