"""Do something to a message where it lies."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.mailbox_actions import Do
from email_automation.management.waiting import wait_for
from email_automation.models import Message
from jobs.errors import Refused

BAD_INPUT = 2  # exit code


class Command(BaseCommand):
    help = "Mark a message of a connected account read or unread, archive it, or give it a label or take one away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("message", type=int, metavar="ID", help="the message")
        parser.add_argument("action", choices=[str(do) for do in Do])
        parser.add_argument("value", nargs="?", default="", metavar="LABEL", help="where it is about a label")
        parser.add_argument("--wait", action="store_true", help="wait until it is done; exit 1 if it failed")
        parser.add_argument("--timeout", type=float, default=300, help="seconds to wait at most (%(default)s)")

    def handle(self, *args: Any, message: int, action: str, value: str, **options: Any) -> None:
        found = Message.objects.select_related("mailbox").filter(pk=message).first()
        if found is None:
            raise CommandError(f"There is no message {message}.", returncode=BAD_INPUT)
        try:
            job = services.act_in_mailbox(found, action, value)
        except Refused as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(str(job.pk))
        if options["wait"]:
            wait_for(job, options["timeout"], self.stdout)
