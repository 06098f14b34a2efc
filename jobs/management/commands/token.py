"""`manage.py token USER`: a token for the REST API."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import tokens
from jobs.api.scopes import Scope
from jobs.origin import coming_from

DAYS = 90
MOST_DAYS = 3650


class Command(BaseCommand):
    help = "Make a token for the REST API and print it, alone on standard output: TOKEN=$(manage.py token USER)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the user's name")
        parser.add_argument(
            "--scope",
            choices=[str(scope) for scope in Scope],
            default=str(Scope.ACT),
            help="read: look; act (the default): also enqueue, cancel and run jobs again; admin: all that the user may",
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"how long it is valid (default {DAYS})")

    def handle(self, *_args: Any, user: str, days: int, scope: str, **_options: Any) -> None:
        if not 1 <= days <= MOST_DAYS:
            raise CommandError(f"--days is {days}: give 1 to {MOST_DAYS}.", returncode=2)
        users = get_user_model()
        owner = users._default_manager.filter(**{users.USERNAME_FIELD: user}).first()
        if owner is None:
            raise CommandError(
                f"There is no user {user!r}. Make one with `manage.py createsuperuser` or in the admin.", returncode=2
            )
        if not owner.is_active:
            raise CommandError(f"User {user!r} is not active: the token would not be accepted.", returncode=2)
        with coming_from("command"):
            made, token = tokens.make(owner, days=days, by=getpass.getuser(), prefix=Scope(scope).prefix)
        self.stderr.write(f"For {scope}. Valid until {made.expiry:%Y-%m-%d %H:%M} UTC. It is not shown again.")
        self.stdout.write(token)
