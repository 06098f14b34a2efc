"""The ASGI application that the web server runs."""

import gc
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fikiri.settings")

application = get_asgi_application()

from django.template import engines  # noqa: E402 - after Django is set up
from django.urls import get_resolver  # noqa: E402

from jobs import fallback, tracing  # noqa: E402

# All of the code now: the first request would wait for it, and by then a deploy may have put newer files beside it.
_ = engines.all(), get_resolver().reverse_dict
tracing.load()
fallback.allow()  # a web server lives on after it has enqueued

# What is loaded by now stays for good. To look through it for garbage took a tenth of a second, in the midst of an
# answer.
gc.collect()
gc.freeze()
