"""`manage.py grant USER ROLE [--queue Q]`: who may see and do what; without arguments, who has which role."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import CommandParser

from jobs import grants
from jobs.errors import Refused
from jobs.models import Grant, Role
from jobs.terminal import AnsweringCommand


class Command(AnsweringCommand):
    help = "Give a user or a group a role on a queue or on all; take it back with --revoke; list who has which."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", nargs="?", help="a user's name; with --group, a group's")
        parser.add_argument("role", nargs="?", help=f"one of {', '.join(Role.values)}")
        parser.add_argument("--queue", default="", help="on this queue only (default: on all)")
        parser.add_argument("--group", action="store_true", help="of a group's members")
        parser.add_argument("--revoke", action="store_true", help="take the role back")
        parser.add_argument("--reason", default="", help="kept in the audit")
        parser.add_argument("--by", help="who does it (default: the user of this machine)")

    def ask(
        self, *, user: str | None, role: str | None, queue: str, group: bool, revoke: bool,
        reason: str, by: str | None, **_: Any,
    ) -> list[dict[str, str]]:  # fmt: skip
        who = {"queue": queue, "by": by or getpass.getuser(), "reason": reason, "origin": "command"}
        if user is not None:
            whom = _group(user) if group else _user(user)
            if revoke:
                grants.revoke(whom, **who)
            elif role is None:
                raise Refused(f"Say which role: one of {', '.join(Role.values)}.", field="role")
            else:
                grants.grant(whom, role, **who)
        held = Grant.objects.select_related("user", "group")
        return [{"who": one.of_whom, "role": one.role, "queue": one.queue or "all", "by": one.by} for one in held]

    def show(self, answer: list[dict[str, str]]) -> None:
        self.table(("who", "role", "queue", "by"), (tuple(row.values()) for row in answer))


def _user(name: str) -> Any:
    users = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if found is None:
        raise Refused(f"There is no user {name[:150]!r}. For a group's members add --group.", field="user")
    return found


def _group(name: str) -> Group:
    found = Group.objects.filter(name=name).first()
    if found is None:
        raise Refused(f"There is no group {name[:150]!r}. Make it in the admin.", field="user")
    return found
