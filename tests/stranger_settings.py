"""Settings of a process from before a deploy: it does not have the tests' tasks."""

from tests.process_settings import *  # noqa: F403
from tests.process_settings import INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "tests.tasks_app"]
