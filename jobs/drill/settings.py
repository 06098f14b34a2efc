"""Settings of the drill's processes: the platform alone, on scratch servers, with short times."""

import os
import secrets

from jobs.drill import times
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
JOBS = times.JOBS
