"""The platform's REST addresses, under /api/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
