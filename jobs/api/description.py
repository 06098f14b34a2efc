"""The API's own description, and a page to try it, both without anything from elsewhere."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.schema import described, document
from jobs.api.view import ApiView


class Schema(ApiView):
    """This description: OpenAPI 3.1, as JSON."""

    @described("get_schema", "This description", {"type": "object"})
    def get(self, request: Request) -> Response:
        return Response(document())


class TryIt(LoginRequiredMixin, SpectacularSwaggerSplitView):
    """Swagger UI, served from here. Somebody without a login is sent to it."""

    url_name = "api-schema"
    throttle_classes = ()
