"""Flower's settings: never open to strangers. `celery -A fikiri flower` reads this file where it is started."""

import os

from fikiri import places

address = os.environ.get("FLOWER_ADDRESS") or "127.0.0.1"
basic_auth = [os.environ.get("FLOWER_BASIC_AUTH") or f"admin:{places.secret('flower-password')}"]
cookie_secret = os.environ.get("FLOWER_COOKIE_SECRET") or places.secret("flower-cookie")
