"""Connect an IMAP account to a user's mailboxes."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.mailboxes.imap import Security
from jobs.errors import Refused

BAD_INPUT = 2  # exit code
VARIABLE = "IMAP_PASSWORD"
READ = ("host", "username", "port", "security", "address", "name")
SENT = ("smtp_host", "smtp_port", "smtp_security")


class Command(BaseCommand):
    help = f"Connect an IMAP account. The password is asked for, read from standard input, or taken from {VARIABLE}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", metavar="USER", required=True, help="whose mailbox it becomes (user name)")
        parser.add_argument("--host", required=True, help="such as imap.example.com")
        parser.add_argument("--username", required=True, help="of the account, often its address")
        parser.add_argument("--port", type=int, help="993, or 143 with STARTTLS, where not given")
        parser.add_argument("--security", choices=list(Security), default=Security.TLS, help="(%(default)s)")
        parser.add_argument("--address", default="", help="its address, where the user name is none")
        parser.add_argument("--name", default="", help="what to call it here")
        parser.add_argument("--folder", action="append", default=[], help="read only this folder; several times")
        parser.add_argument("--without", action="append", default=[], help="leave out this folder; several times")
        parser.add_argument(
            "--smtp-host", default="", help="its own mail leaves through this server, with the same login"
        )
        parser.add_argument("--smtp-port", type=int, help="465, or 587 with STARTTLS, where not given")
        parser.add_argument("--smtp-security", choices=list(Security), default=Security.TLS, help="(%(default)s)")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        owner = get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: user}).first()
        if owner is None:
            raise CommandError(f"There is no user {user}.", returncode=BAD_INPUT)
        login = {name: options[name] for name in (*READ, *SENT)}
        try:
            mailbox = services.connect_imap(
                owner,
                **login,
                password=_password(),
                only_folders=options["folder"],
                without_folders=options["without"],
            )
        except Refused as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        self.stdout.write(f"Connected as mailbox {mailbox.pk}. Sync it: manage.py sync_mailbox {mailbox.pk} --wait")


def _password() -> str:
    """Never an argument: those are seen by everybody on the machine."""
    if given := os.environ.get(VARIABLE):
        return given
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
