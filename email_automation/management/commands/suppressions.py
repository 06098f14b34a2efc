"""`manage.py suppressions`: addresses that get no mail; one more, or one less."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from email_automation import services
from email_automation.api.suppressions import suppression_row
from email_automation.management.accounts import user_named
from email_automation.models import Suppression
from email_automation.sending.recipients import BadMailError
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago, at_least_one

LIMIT = 50


class Command(AnsweringCommand):
    help = "List a user's addresses that get no mail, and why, the newest first; add one, or write to one again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, metavar="USER", help="whose mail it is")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--add", metavar="ADDRESS", help="write to it no more")
        act.add_argument("--allow", metavar="ADDRESS", help="write to it again")
        parser.add_argument("--reason", default="", help="kept with the address")
        parser.add_argument("--limit", type=at_least_one, default=LIMIT, help=f"how many at most (default {LIMIT})")

    def ask(self, *, user: str, add: str | None, allow: str | None, reason: str, limit: int, **_: Any) -> Any:
        owner = user_named(user)
        rows = Suppression.objects.filter(user_id=owner.pk).order_by("-pk")
        if add is not None:
            try:
                services.suppress(add, owner, by=getpass.getuser(), reason=reason)
            except BadMailError as problem:
                raise Refused(str(problem).replace("to ", "address ", 1), field="add") from None
        if allow is not None:
            found = rows.filter(address=allow.lower()).first()
            if found is None:
                raise Refused(f"{allow[:100]!r} is not suppressed for {user}.", field="allow")
            services.allow_again(found, by=getpass.getuser())
        self._rows = list(rows[:limit])
        return {"suppressions": [suppression_row(row) for row in self._rows]}

    def show(self, answer: Any) -> None:
        self.table(
            ("address", "because", "by", "since"),
            ((row.address, row.cause, row.source, ago(row.created_at)) for row in self._rows),
        )
        if not self._rows:
            self.stdout.write("Every address may get mail.")
