"""Roles and tokens over REST: who has which; given, taken back, revoked. For admins of all queues."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group
from knox.models import AuthToken
from pydantic import Field
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import grants, tokens
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.parsing import BIGGEST_ID, Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import REASON, described
from jobs.api.scopes import Scope, scope_of
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.errors import Refused
from jobs.models import Grant, Role

MOST = 1_000  # rows


class NewGrant(Reasoned):
    """A user's name or a group's, and the queue; without one it is of all."""

    user: Annotated[Text, Field(min_length=1, max_length=150, examples=["jane"])] | None = None
    group: Annotated[Text, Field(min_length=1, max_length=150)] | None = None
    role: Annotated[Literal["viewer", "operator", "admin"], Field(examples=["viewer"])]
    queue: Annotated[Text, Field(max_length=32)] = ""


class GrantRow(TypedDict):
    """Of a user or of a group's members, on one queue or, where it is null, on all."""

    grant_id: int
    user: str | None
    group: str | None
    role: Role
    queue: str | None
    by: str
    at: Time | None


class GrantRows(TypedDict):
    grants: list[GrantRow]


class RevokedGrant(TypedDict):
    grant_id: int


class TokenRow(TypedDict):
    """`token_key`: how the token begins. The token itself is kept nowhere."""

    token_key: Annotated[str, Field(examples=["fk-act-3f9c0e21"])]
    user: str
    scope: Scope
    created_at: Time | None
    expires_at: Time | None


class TokenRows(TypedDict):
    tokens: list[TokenRow]


class RevokedToken(TypedDict):
    token_key: str


class GrantList(ApiView):
    """Who has which role where."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("list_grants", "Who has which role", GrantRows)
    def get(self, request: Request) -> Response:
        access.check(request.user, Verb.GRANT, None)
        held = Grant.objects.select_related("user", "group")[:MOST]
        return ok({"grants": [_row(one) for one in held]}, message="Roles listed")

    @described("grant_role", "Give a role", GrantRow, takes=NewGrant)
    def post(self, request: Request) -> Response:
        access.check(request.user, Verb.GRANT, None)
        new = parsing.body_of(request, NewGrant)
        who = {"by": request.user.get_username(), "reason": new.reason, "origin": "REST"}
        return ok(_row(grants.grant(_whom(new), new.role, queue=new.queue, **who)), message="Role given")


class GrantDetail(ApiView):
    """Takes a role back."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("revoke_role", "Take a role back", RevokedGrant, parameters=[REASON])
    def delete(self, request: Request, grant_id: int) -> Response:
        access.check(request.user, Verb.GRANT, None)
        held = Grant.objects.select_related("user", "group").filter(pk=min(grant_id, BIGGEST_ID)).first()
        whom = (held.group or held.user) if held else None
        if held is None or whom is None:
            raise NotFound(f"There is no grant {grant_id}.")
        who = {"by": request.user.get_username(), "reason": parsing.text(request, "reason", 300) or ""}
        grants.revoke(whom, queue=held.queue, origin="REST", **who)
        return ok({"grant_id": grant_id}, message="Role taken back")


class TokenList(ApiView):
    """Everybody's tokens, the newest first. They are made by `manage.py token`."""

    @described("list_tokens", "Tokens that there are", TokenRows)
    def get(self, request: Request) -> Response:
        access.check(request.user, Verb.GRANT, None)
        there = AuthToken.objects.select_related("user").order_by("-created")[:MOST]
        return ok({"tokens": [token_row(token) for token in there]}, message="Tokens listed")


class TokenDetail(ApiView):
    """Ends a token at once."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("revoke_token", "Revoke a token", RevokedToken)
    def delete(self, request: Request, token_key: str) -> Response:
        access.check(request.user, Verb.GRANT, None)
        known = "\x00" not in token_key
        token = AuthToken.objects.select_related("user").filter(token_key=token_key).first() if known else None
        if token is None:
            raise NotFound("There is no such token.")
        tokens.revoke(token, by=request.user.get_username())
        return ok({"token_key": token_key}, message="Token revoked")


def token_row(token: AuthToken) -> TokenRow:
    return {
        "token_key": token.token_key,
        "user": token.user.get_username(),
        "scope": scope_of(token),
        "created_at": epoch(token.created),
        "expires_at": epoch(token.expiry),
    }


def _whom(new: NewGrant) -> AbstractUser | Group:
    if bool(new.user) == bool(new.group):
        raise Refused("Name a user or a group: one of the two.", field="user")
    users = get_user_model()
    found: AbstractUser | Group | None
    if new.group:
        found = Group.objects.filter(name=new.group).first()
    else:
        found = users._default_manager.filter(**{users.USERNAME_FIELD: new.user}).first()
    if found is None:
        kind = "group" if new.group else "user"
        raise Refused(f"There is no {kind} {(new.user or new.group or '')[:150]!r}.", field=kind)
    return found


def _row(one: Grant) -> GrantRow:
    return {
        "grant_id": one.pk,
        "user": one.user.get_username() if one.user else None,
        "group": one.group.name if one.group else None,
        "role": Role(one.role),
        "queue": one.queue or None,
        "by": one.by,
        "at": epoch(one.at),
    }
