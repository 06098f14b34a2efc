"""Wiring: settings, the Celery app, URLs."""

from fikiri import unmeasured  # noqa: F401 - before anything imports redis
from fikiri.celery import app as celery_app

__all__ = ("celery_app",)
