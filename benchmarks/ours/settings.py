"""The product's own settings, one app more, and an eye on what requests ask of the database."""

from fikiri.settings import *  # noqa: F403
from fikiri.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.ours"]
MIDDLEWARE = ["benchmarks.ours.looking.Looking", *MIDDLEWARE]
