"""`manage.py remove_demo`: the demo user, its mail, customers and jobs go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fikiri.laptop import demo


class Command(BaseCommand):
    help = "Delete the demo user and everything that came of the sample mailbox."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            removed = demo.remove()
        except demo.DemoBusyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo is gone." if removed else "There is no demo here.")
