"""Settings of the tests: like a laptop's, in a scratch folder, on the database that TEST_DATABASE_URL names."""

import os
import tempfile
from pathlib import Path

if "FIKIRI_VAR" not in os.environ:
    os.environ["FIKIRI_VAR"] = tempfile.mkdtemp(prefix="fikiri-tests-")
worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and Path(os.environ["FIKIRI_VAR"]).name != worker:  # a Redis and files for each
    os.environ["FIKIRI_VAR"] = str(Path(os.environ["FIKIRI_VAR"]) / worker)
    Path(os.environ["FIKIRI_VAR"]).mkdir(exist_ok=True)
os.environ.setdefault("FIKIRI_LAPTOP", "1")

from fikiri.settings import *  # noqa: E402, F403
from fikiri.settings import INSTALLED_APPS, JOBS, REST_FRAMEWORK, VAR, database  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "tests.tasks_app"]
DATABASES = {"default": database(os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{VAR / 'tests.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as on a laptop: an in-memory database shared by threads locks in other ways, and no process sees it.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test-run.sqlite3")}
JOBS = JOBS | {"STAFF_ROLE": ""}  # each test says who has which role
JOBS = JOBS | {"PUSH_TIMEOUT": 5.0}  # a machine that runs tests may be slow without its Redis being away
REST_FRAMEWORK = REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {}}  # tests ask more often than people
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = False  # it would look for every file of the admin in every test that has a client
(VAR / "static").mkdir(parents=True, exist_ok=True)
