"""Put a prompt to the model in the background."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.management.waiting import wait_for
from jobs.errors import Refused

BAD_INPUT = 2  # exit code


class Command(BaseCommand):
    help = "Put a prompt to the model in the background."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prompt")
        parser.add_argument("--user", required=True, metavar="USER", help="for whom (user name)")
        parser.add_argument("--wait", action="store_true", help="wait for the answer; exit 1 if there is none")
        parser.add_argument("--timeout", type=float, default=300, help="seconds to wait at most (%(default)s)")

    def handle(self, *args: Any, prompt: str, user: str, wait: bool, timeout: float, **options: Any) -> None:
        account = get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: user}).first()
        if account is None:
            raise CommandError(f"There is no user {user}.", returncode=BAD_INPUT)
        try:
            job = services.ask_ai(prompt, user_id=account.pk)
        except Refused as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(str(job.pk))
        if wait:
            wait_for(job, timeout, self.stdout)
