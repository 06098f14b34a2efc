"""The ASGI application that the web server runs."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fikiri.settings")

application = get_asgi_application()

from jobs import fallback  # noqa: E402 - after Django is set up

fallback.allow()  # a web server lives on after it has enqueued
