"""`/api/tick`: a platform's timer has jobs run in the web process, where no worker may stay up."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import Annotated, Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from pydantic import Field
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access, tick
from jobs.access import Verb
from jobs.api import parsing
from jobs.api.authentication import Token
from jobs.api.parsing import Body
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import HasScope, Scope
from jobs.api.view import ApiView
from jobs.config import config
from jobs.queues import QUEUES, limits

TIMER = "timer"  # what `request.auth` says of a call with TICK_TOKEN


class TickToken(BaseAuthentication):
    """`Authorization: Bearer TICK_TOKEN`: no user, and nothing but ticking."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, str] | None:
        scheme, _, given = get_authorization_header(request).partition(b" ")
        token = config().TICK_TOKEN.encode()
        if not token or scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), token):
            return None
        return AnonymousUser(), TIMER


class MayTick(BasePermission):
    """The platform's timer, and staff who may change jobs."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return request.auth == TIMER or access.may(user, Verb.ENQUEUE)


class Asked(Body):
    """`seconds`: at most TICK_SECONDS, and that without it. `queues`: all without it."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    queues: list[str] | None = None


class Round(TypedDict):
    dispatched: Annotated[bool, Field(description="False where another dispatcher works.")]
    ran: int
    due: Annotated[int, Field(description="Jobs that were left.")]


class Tick(ApiView):
    """Does the dispatcher's chores once and runs what is due, for a bounded time."""

    authentication_classes = (Token, TickToken, SessionAuthentication)  # type: ignore[assignment]
    permission_classes = (MayTick, HasScope)
    scope: ClassVar[Scope] = Scope.ADMIN

    @described("tick", "Have jobs run in the web process", Round, takes=Asked)
    def post(self, request: Request) -> Response:
        return self._tick(parsing.body_of(request, Asked))

    @described("tick_by_get", "The same for timers that can only get", Round)
    def get(self, request: Request) -> Response:
        """Not for sessions and users' tokens: a link must not run jobs."""
        if request.auth != TIMER:
            raise MethodNotAllowed("GET")
        return self._tick(Asked())

    def _tick(self, asked: Asked) -> Response:
        longest = config().TICK_SECONDS
        queues = [limits(name).name for name in asked.queues or QUEUES]
        done: Round = asdict(tick.run(queues, min(asked.seconds or longest, longest)))  # type: ignore[assignment]
        return ok(done, message="One round done")
