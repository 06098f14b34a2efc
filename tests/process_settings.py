"""Settings of the real processes that tests start: the product's own, with the tests' tasks and shorter times."""

import json
import os

from fikiri.settings import *  # noqa: F403
from fikiri.settings import INSTALLED_APPS, JOBS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.tasks_app"]
JOBS = JOBS | json.loads(os.environ.get("TEST_JOBS", "{}"))
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
