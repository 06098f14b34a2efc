"""The site itself as a Django app: commands and system checks that belong to no other app."""

from django.apps import AppConfig


class FikiriConfig(AppConfig):
    name = "fikiri"
