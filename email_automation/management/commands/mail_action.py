"""Do something to a message where it lies, forward it, or answer it."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.mailbox_actions import Do
from email_automation.management.waiting import wait_for
from email_automation.models import Message
from email_automation.sending.recipients import BadMailError
from jobs.errors import Refused

BAD_INPUT = 2  # exit code
WRITES = ("forward", "reply")


class Command(BaseCommand):
    help = (
        "Mark a message of a connected account read or unread, archive it, or give it a label or take one away; "
        "forward a message, or reply to it, as its mailbox's owner."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("message", type=int, metavar="ID", help="the message")
        parser.add_argument("action", choices=[*map(str, Do), *WRITES])
        parser.add_argument("value", nargs="?", default="", help="the label, or the address to forward to")
        parser.add_argument(
            "--text",
            help="the reply, read from standard input where it is not given; or a note above what is forwarded",
        )
        parser.add_argument("--wait", action="store_true", help="wait until it is done; exit 1 if it failed")
        parser.add_argument("--timeout", type=float, default=300, help="seconds to wait at most (%(default)s)")

    def handle(
        self, *args: Any, message: int, action: str, value: str, text: str | None, wait: bool, timeout: float, **_: Any
    ) -> None:
        found = Message.objects.select_related("mailbox__user").filter(pk=message).first()
        if found is None:
            raise CommandError(f"There is no message {message}.", returncode=BAD_INPUT)
        _check(action, value, text)
        if text is None:
            text = sys.stdin.read() if action == "reply" else ""
        try:
            job = services.act_on(found, action, value, text)
        except (BadMailError, Refused) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(str(job.pk))
        if wait:
            wait_for(job, timeout, self.stdout)


def _check(action: str, value: str, text: str | None) -> None:
    """What would be left out without a word is refused."""
    if action == "reply" and value:
        raise CommandError("A reply goes to who wrote. Leave the address out, or forward it.", returncode=BAD_INPUT)
    if text is not None and action not in WRITES:
        raise CommandError(f"--text is for {' and '.join(WRITES)}.", returncode=BAD_INPUT)
