"""Connect a Gmail account from a terminal."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError

from email_automation import services
from email_automation.connecting.oauth import NotConnected
from email_automation.management.loopback import NoAnswer, Redirect

BAD_INPUT = 2  # exit code
OPEN = "Open this address in a browser in which the account's owner is logged in:\n\n  {url}\n"
THEN_PASTE = "\nIt ends on a page that does not open. Paste its address here: "


class Command(BaseCommand):
    help = "Connect a Gmail account to a user: in a browser of this machine, or with --paste in one anywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="USER", help="whose mailbox it will be (user name)")
        parser.add_argument(
            "--paste", action="store_true", help="the browser is elsewhere: paste the address it ends on"
        )
        parser.add_argument(
            "--imap", action="store_true", help="read it over IMAP, for which Google asks for full access"
        )
        parser.add_argument("--port", type=int, default=0, help="where the browser is sent back to; any free one")
        parser.add_argument("--timeout", type=float, default=300, help="seconds to wait for it (%(default)s)")

    def handle(self, *args: Any, user: str, paste: bool, port: int, timeout: float, **options: Any) -> None:
        owner = _user(user)
        try:
            with Redirect(port) as redirect:
                self.stdout.write(OPEN.format(url=services.begin_gmail(owner, redirect.uri, over_imap=options["imap"])))
                answer = self._pasted() if paste else redirect.answer(timeout)
            self.stdout.write(str(services.finish_gmail(owner, answer)))
        except NoAnswer:
            raise CommandError(f"Nobody came back within {timeout:.0f} s. Begin again, or use --paste.") from None
        except (NotConnected, OSError) as problem:
            raise CommandError(str(problem)) from None

    def _pasted(self) -> Mapping[str, str]:
        self.stdout.write(THEN_PASTE, ending="")
        self.stdout.flush()
        try:
            return dict(parse_qsl(urlsplit(input().strip()).query))
        except (EOFError, ValueError):
            raise CommandError("That is no address.", returncode=BAD_INPUT) from None


def _user(username: str) -> AbstractBaseUser:
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: username}).first()
    if user is None:
        raise CommandError(f"There is no user {username}. `manage.py createsuperuser` makes one.", returncode=BAD_INPUT)
    return user
