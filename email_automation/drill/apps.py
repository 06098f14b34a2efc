"""Lays the deadly points. Only the drill's own settings install it, for the drill's own processes."""

import sys

from django.apps import AppConfig
from typing_extensions import override

from email_automation.drill import deaths


class MailDrillConfig(AppConfig):
    name = "email_automation.drill"
    label = "mail_drill"

    @override
    def ready(self) -> None:
        if {"worker", "dispatcher"} & set(sys.argv):
            deaths.arm()
