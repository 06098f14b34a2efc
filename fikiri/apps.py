"""The site itself as a Django app: commands and system checks that belong to no other app."""

from django.apps import AppConfig


class FikiriConfig(AppConfig):
    name = "fikiri"

    def ready(self) -> None:
        from fikiri import checks  # noqa: F401 (they register themselves, and may read settings only now)
