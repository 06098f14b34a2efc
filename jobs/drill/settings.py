"""Settings of the drill's processes: the platform alone, on scratch servers, with short times."""

import os
import secrets

from jobs.drill.databases import django_settings

SECRET_KEY = secrets.token_urlsafe(40)
INSTALLED_APPS = [
    "jobs",
    "jobs.drill",
    "django_celery_results",
    "django.contrib.contenttypes",
    "django.contrib.auth",
]
DATABASES = {"default": django_settings(os.environ["DRILL_DATABASE"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = os.environ["DRILL_BROKER"]
USE_TZ = True

JOBS = {
    "RETRY_DELAYS": [0.5, 1, 2],
    "GRACE": 5,
    "GRACE_LIMIT": 10,
    "LEASE_MARGIN": 5,
    "CANCEL_GRACE": 2,
    "BEAT_EVERY": 1,
    "BEAT_TTL": 4,
    "STOP_GRACE": 3,
    # A drill kills innocent jobs again and again: none of them is to be put aside for that.
    "DEATHS": 10_000,
    "ORPHANED": 10_000,
}
