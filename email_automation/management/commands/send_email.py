"""Send a mail in the background."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.management.waiting import wait_for
from email_automation.sending.recipients import BadMailError
from jobs.errors import Refused

BAD_INPUT = 2  # exit code


class Command(BaseCommand):
    help = "Send a mail in the background. The body is read from standard input where --body is not given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("to", nargs="+", metavar="ADDRESS")
        parser.add_argument("--subject", required=True)
        parser.add_argument("--body")
        parser.add_argument("--wait", action="store_true", help="wait until it is sent; exit 1 if it failed")
        parser.add_argument("--timeout", type=float, default=300, help="seconds to wait at most (%(default)s)")

    def handle(
        self,
        *args: Any,
        to: list[str],
        subject: str,
        body: str | None,
        wait: bool,
        timeout: float,
        **options: Any,
    ) -> None:
        try:
            job = services.send_email(to, subject, sys.stdin.read() if body is None else body)
        except (BadMailError, Refused) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(str(job.pk))
        if wait:
            wait_for(job, timeout, self.stdout)
