"""Settings of the processes that these tests start: the drill's, with the tests' tasks and places to crash at."""

from jobs.drill.settings import *  # noqa: F403
from jobs.drill.settings import INSTALLED_APPS
from jobs.drill.times import JOBS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.tasks_app", "tests.faults.crashing"]
JOBS = JOBS | {"DEATHS": 4}  # of which one test is about
