"""Flower's settings: never open to strangers. `celery -A fikiri flower` reads this file where it is started.

Flower itself reads every variable FLOWER_NAME that names one of its options, FLOWER_PORT say.
"""

import os

from fikiri import flower_login, places

address = os.environ.get("FLOWER_ADDRESS") or "127.0.0.1"
url_prefix = os.environ.get("FLOWER_URL_PREFIX") or ""
read_only = os.environ.get("FLOWER_READ_ONLY") in ("1", "true")
basic_auth = (os.environ.get("FLOWER_BASIC_AUTH") or f"admin:{places.secret('flower-password')}").split(",")
cookie_secret = os.environ.get("FLOWER_COOKIE_SECRET") or places.secret("flower-cookie")
purge_offline_workers = 3600  # seconds
format_task = flower_login.format_task
flower_login.guard()
