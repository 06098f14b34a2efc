"""Sync a mailbox in the background."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.mailboxes import MailboxError
from email_automation.management.waiting import wait_for
from email_automation.models import Mailbox
from jobs.errors import Refused

BAD_INPUT = 2  # exit code


class Command(BaseCommand):
    help = "Sync a mailbox in the background: a connected account, an mbox file, a Maildir, a folder or an .eml file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mailbox", metavar="PATH|ID", help="a path, or the id of a mailbox that is known already")
        parser.add_argument("--user", metavar="USER", help="whose mailbox it is (user name); needed with a path")
        parser.add_argument("--days", type=_positive, metavar="N", help="of an account: mail of the last N days")
        parser.add_argument("--limit", type=_positive, metavar="N", help="of an account: the newest N messages")
        parser.add_argument("--wait", action="store_true", help="wait for the end of the sync; exit 1 if it failed")
        parser.add_argument("--timeout", type=float, default=3600, help="seconds to wait at most (%(default)s)")

    def handle(self, *args: Any, mailbox: str, user: str | None, **options: Any) -> None:
        try:
            job = services.sync_mailbox(
                _mailbox(mailbox, user), window_days=options["days"], max_messages=options["limit"]
            )
        except (MailboxError, Refused) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(str(job.pk))
        if options["wait"]:
            wait_for(job, options["timeout"], self.stdout)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _mailbox(given: str, username: str | None) -> Mailbox:
    """A path first: a folder may be called 7."""
    if given.isascii() and given.isdigit() and not Path(given).exists():
        known = Mailbox.objects.filter(pk=int(given))
        mailbox = (known.filter(user__username=username) if username else known).first()
        if mailbox is None:
            raise CommandError(
                f"There is no mailbox {given}{f' of {username}' if username else ''}.", returncode=BAD_INPUT
            )
        return mailbox
    if username is None:
        raise CommandError("Say whose mailbox it is: --user USER.", returncode=BAD_INPUT)
    user = get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: username}).first()
    if user is None:
        raise CommandError(f"There is no user {username}. `manage.py createsuperuser` makes one.", returncode=BAD_INPUT)
    return services.add_mailbox(user, given)
