"""What every address of the API has in common."""

from __future__ import annotations

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.views import APIView

from jobs.api.authentication import Token
from jobs.api.parsing import BoundedJSONParser


@method_decorator(never_cache, name="dispatch")
class ApiView(APIView):
    """For users with a session or a token; takes bounded JSON, and no answer is kept by anybody."""

    # The first one decides that a stranger gets 401, not 403.
    authentication_classes = (Token, SessionAuthentication)
    permission_classes: tuple[type[BasePermission], ...] = (IsAuthenticated,)
    parser_classes = (BoundedJSONParser,)
