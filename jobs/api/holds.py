"""Holds over REST: what waits until somebody mends something, and letting it go on."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import holding, services
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.holding import Holding

Key = Annotated[str, Field(examples=["mailbox:7"])]


class HoldRow(TypedDict):
    key: Key
    reason: str
    since: Time | None
    jobs: Annotated[int, Field(description="How many wait for it.")]


class HoldRows(TypedDict):
    holds: list[HoldRow]


class ReleasedHold(TypedDict):
    key: Key


class HoldList(ApiView):
    """For viewers of all queues: a hold has none of its own."""

    @described("list_holds", "What is held until somebody mends something", HoldRows)
    def get(self, request: Request) -> Response:
        access.check_platform(request.user)
        return ok({"holds": [hold_row(one) for one in holding.held()]}, message="Holds listed")


class HoldRelease(ApiView):
    """Ends a hold; its jobs go on. 400 where its cause has to be mended elsewhere. For operators of all queues."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("release_hold", "Let go on what is held", ReleasedHold, takes=Reasoned)
    def post(self, request: Request, key: str) -> Response:
        access.check(request.user, Verb.RESUME, None)
        reason = parsing.body_of(request, Reasoned).reason
        services.release_by_hand(key, by=request.user.get_username(), reason=reason, origin="REST")
        return ok({"key": key}, message="Released: its jobs go on")


def hold_row(one: Holding) -> HoldRow:
    return {
        "key": one.key,
        "reason": one.reason,
        "since": epoch(one.since),
        "jobs": one.jobs,
    }
