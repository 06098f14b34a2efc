"""The ASGI application that the web server runs."""

import gc
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fikiri.settings")

application = get_asgi_application()

from django.urls import get_resolver  # noqa: E402 - after Django is set up

from jobs import fallback  # noqa: E402

get_resolver().reverse_dict  # noqa: B018 - all addresses, which the first request would wait for
fallback.allow()  # a web server lives on after it has enqueued

# What is loaded by now stays for good. To look through it for garbage took a tenth of a second, in the midst of an
# answer.
gc.collect()
gc.freeze()
