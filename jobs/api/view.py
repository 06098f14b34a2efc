"""What every address of the API has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from jobs.api import once, parsing, throttling
from jobs.api.authentication import Token
from jobs.api.parsing import BoundedJSONParser
from jobs.api.scopes import HasScope, Scope
from jobs.api.throttling import PerToken, PerUser


@method_decorator(never_cache, name="dispatch")
class ApiView(APIView):
    """For users with a session or a token; takes bounded JSON, and no answer is kept by anybody.

    A post with an `Idempotency-Key` is done once. `scope`: what a token needs to post here; reading needs `read`.
    `keeps_answers`: whether an answer may be kept to be given again; where it may not, nothing but a look is asked for.
    """

    # The first one decides that a stranger gets 401, not 403.
    authentication_classes = (Token, SessionAuthentication)
    permission_classes: tuple[type[BasePermission], ...] = (IsAuthenticated, HasScope)
    throttle_classes: tuple[type[PerUser], ...] = (PerUser, PerToken)
    parser_classes: tuple[type[BaseParser], ...] = (BoundedJSONParser,)
    scope: ClassVar[Scope] = Scope.ACT
    keeps_answers: ClassVar[bool] = True

    _once: once.Once | None = None
    _throttles: Sequence[PerUser] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        handler = getattr(self, (request.method or "").lower(), None)
        if known := getattr(handler, "known_parameters", ()):
            parsing.known_parameters(request, known)
        self._once = once.begin(request) if self.keeps_answers else None

    def get_throttles(self) -> list[BaseThrottle]:
        self._throttles = [throttle() for throttle in self.throttle_classes]
        return [*self._throttles]

    def handle_exception(self, exc: Exception) -> Response:
        if self._once:
            self._once.forget()
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self._once:
            self._once.keep(final)
        for name, value in throttling.told(self._throttles).items():
            final[name] = value
        return final
