"""`manage.py token USER`: a token for the REST API; without a user, those that there are."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.management.base import CommandParser
from knox.models import AuthToken

from jobs import tokens
from jobs.api.grants import token_row
from jobs.api.scopes import Scope
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago, printable

DAYS = 90
MOST_DAYS = 3650


class Command(AnsweringCommand):
    help = (
        "Make a token for the REST API and print it, alone on standard output: TOKEN=$(manage.py token USER). Without "
        "a user list the tokens that there are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", nargs="?", help="the user's name")
        parser.add_argument(
            "--scope",
            choices=[str(scope) for scope in Scope],
            default=str(Scope.ACT),
            help="read: look; act (the default): also enqueue, cancel and run jobs again; admin: all that the user may",
        )
        parser.add_argument("--days", type=int, default=DAYS, help=f"how long it is valid (default {DAYS})")
        parser.add_argument("--revoke", metavar="KEY", help="end the token that begins so, as the list has it")

    def ask(self, *, user: str | None, scope: str, days: int, revoke: str | None, **_: Any) -> dict[str, Any]:
        if user is not None and revoke is not None:
            raise Refused("Name a user to make a token, or --revoke one: not both.", field="user")
        if user is not None:
            return _make(user, scope, days)
        if revoke is not None:
            tokens.revoke(_that_begins(revoke), by=getpass.getuser())
        self._tokens = list(AuthToken.objects.select_related("user").order_by("-created"))
        return {"tokens": [token_row(token) for token in self._tokens], "revoked": revoke}

    def show(self, answer: dict[str, Any]) -> None:
        if "token" in answer:
            self.stderr.write(f"For {answer['scope']}. Valid until {answer['until']} UTC. It is not shown again.")
            self.stdout.write(answer["token"])
        elif answer["revoked"]:
            self.stdout.write(f"{printable(answer['revoked'])} is revoked.")
        else:
            self._list(answer)

    def _list(self, answer: dict[str, Any]) -> None:
        self.table(
            ("begins", "user", "scope", "made", "ends"),
            (
                (row["token_key"], row["user"], row["scope"], ago(token.created), ago(token.expiry))
                for row, token in zip(answer["tokens"], self._tokens, strict=True)
            ),
        )
        if not self._tokens:
            self.stdout.write("No token. Make one: manage.py token USER")


def _make(name: str, scope: str, days: int) -> dict[str, Any]:
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"--days is {days}: give 1 to {MOST_DAYS}.", field="days")
    made, secret = tokens.make(_owner(name), days=days, by=getpass.getuser(), prefix=Scope(scope).prefix)
    return {"token": secret, "scope": scope, "until": f"{made.expiry:%Y-%m-%d %H:%M}"}


def _owner(name: str) -> AbstractUser:
    users = get_user_model()
    owner = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if owner is None:
        raise Refused(
            f"There is no user {name!r}. Make one with `manage.py createsuperuser` or in the admin.", field="user"
        )
    if not owner.is_active:
        raise Refused(f"User {name!r} is not active: the token would not be accepted.", field="user")
    return owner


def _that_begins(key: str) -> AuthToken:
    found = AuthToken.objects.select_related("user").filter(token_key=key).first()
    if found is None:
        raise Refused(f"There is no token {printable(key)!r}: manage.py token lists them.", field="revoke")
    return found
