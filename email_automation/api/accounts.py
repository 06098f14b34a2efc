"""The accounts of a user's mailboxes over REST: connect one, disconnect one. Nothing shows a login."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.mailboxes import MailboxRow, mine, row
from email_automation.api.parts import own, person
from email_automation.connecting.callback import redirect_uri
from email_automation.mailboxes.imap import Security
from jobs.api import parsing
from jobs.api.parsing import Body
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.view import ApiView


class Answer(serializers.Serializer[Any]):
    state = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=2000, required=False)
    error = serializers.CharField(max_length=200, required=False)


class GmailWish(Body):
    """`imap`: have it read over IMAP, for which Google asks its owner for full access."""

    imap: bool = False


class ImapLogin(serializers.Serializer[Any]):
    host = serializers.CharField(max_length=255)
    username = serializers.CharField(max_length=320)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)
    port = serializers.IntegerField(required=False, min_value=1, max_value=65535)
    security = serializers.ChoiceField(choices=list(Security), required=False)
    address = serializers.CharField(max_length=320, required=False)
    name = serializers.CharField(max_length=200, required=False)
    smtp_host = serializers.CharField(max_length=255, required=False, allow_blank=True)
    smtp_port = serializers.IntegerField(required=False, min_value=1, max_value=65535)
    smtp_security = serializers.ChoiceField(choices=list(Security), required=False)
    only_folders = serializers.ListField(child=serializers.CharField(max_length=200), max_length=100, required=False)
    without_folders = serializers.ListField(child=serializers.CharField(max_length=200), max_length=100, required=False)


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


class ConnectGmail(ApiView):
    """`POST` begins: the answer is where to send the owner's browser."""

    @described("connect_gmail", "Begin to connect a Gmail account", Question, takes=GmailWish, status=[200])
    def post(self, request: Request) -> Response:
        wish = parsing.body_of(request, GmailWish)
        url = services.begin_gmail(person(request), redirect_uri(request), over_imap=wish.imap)
        return ok({"authorization_url": url})


class FinishGmail(ApiView):
    """`POST` finishes with the parameters that Google sent to an address of your own (`GOOGLE_REDIRECT_URI`)."""

    @described("finish_gmail", "Finish connecting a Gmail account", ConnectedMailbox, takes=Answer, status=[200])
    def post(self, request: Request) -> Response:
        answer = Answer(data=request.data)
        answer.is_valid(raise_exception=True)
        connected = services.finish_gmail(person(request), answer.validated_data)
        told = {
            "mailbox": row(own(mine(request), connected.account.mailbox_id, "mailbox")),
            "missing": list(connected.missing),
        }
        return ok(told, message=str(connected))


class ConnectImap(ApiView):
    """`POST` logs in, and keeps the login where that worked. The password is never shown again.

    `smtp_host`: a server that its own mail leaves through, with the same login, which is tried as well.
    """

    @described("connect_imap", "Connect an account over IMAP", ConnectedMailbox, takes=ImapLogin, status=[200])
    def post(self, request: Request) -> Response:
        login = ImapLogin(data=request.data)
        login.is_valid(raise_exception=True)
        mailbox = services.connect_imap(person(request), **login.validated_data)
        told = {"mailbox": row(own(mine(request), mailbox.pk, "mailbox")), "missing": []}
        return ok(told, message="The mailbox is connected.")


class Disconnect(ApiView):
    """`POST` takes the access back and erases the login; what was synced stays."""

    @described("disconnect_mailbox", "Disconnect a mailbox", Disconnected, takes=None, status=[200])
    def post(self, request: Request, mailbox_id: int) -> Response:
        told = services.disconnect(own(mine(request), mailbox_id, "mailbox"), by=person(request).get_username())
        return ok({"mailbox": row(own(mine(request), mailbox_id, "mailbox")), "provider_told": told})
