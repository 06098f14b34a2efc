"""The job platform as a Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Background jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs import checks, observers, worker  # noqa: F401 - the checks register themselves

        autodiscover_modules("tasks")  # every process knows every task, so that arguments are checked at enqueue
        observers.attach()
        worker.attach()
