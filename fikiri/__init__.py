"""Wiring: settings, the Celery app, URLs."""

from fikiri.celery import app as celery_app

__all__ = ("celery_app",)
