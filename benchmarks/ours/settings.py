"""The product's own settings, and one app more."""

from fikiri.settings import *  # noqa: F403
from fikiri.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.ours"]
