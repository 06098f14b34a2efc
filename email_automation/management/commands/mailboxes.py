"""`manage.py mailboxes [NUMBER]`: mailboxes and their accounts; paused, let go on, disconnected."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from email_automation import services
from email_automation.api.mailboxes import row
from email_automation.management.accounts import user_named
from email_automation.models import Mailbox
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago

ACTS = {
    "pause": "its syncs wait",
    "resume": "its syncs go on",
    "disconnect": "take the access back and erase the login; what was synced stays",
}


class Command(AnsweringCommand):
    help = "List mailboxes, whose they are and how their accounts are. With a number: what is asked of it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", nargs="?", type=int, help="of a mailbox")
        parser.add_argument("--user", metavar="USER", help="only this user's")
        act = parser.add_mutually_exclusive_group()
        for verb, does in ACTS.items():
            act.add_argument(f"--{verb}", action="store_const", const=verb, dest="act", help=does)
        parser.add_argument("--reason", default="", help="kept with what is done")

    def ask(self, *, number: int | None, user: str | None, act: str | None, reason: str, **_: Any) -> dict[str, Any]:
        if act and number is None:
            raise Refused(f"Give the number of a mailbox: manage.py mailboxes NUMBER --{act}.", field="number")
        mailboxes = Mailbox.objects.select_related("account", "user").order_by("pk")
        if user:
            mailboxes = mailboxes.filter(user_id=user_named(user).pk)
        if number is not None:
            mailboxes = mailboxes.filter(pk=number)
            _do(act, _the_one(mailboxes.first(), number), reason)
        self._mailboxes = list(mailboxes.all())
        return {"mailboxes": [{"user": box.user.get_username(), **row(box)} for box in self._mailboxes]}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("mailbox", "user", "kind", "name", "account", "state", "synced"),
            (
                (one["id"], one["user"], one["kind"], one["name"], one["address"], _state(one), ago(box.last_synced_at))
                for one, box in zip(answer["mailboxes"], self._mailboxes, strict=True)
            ),
        )
        if not self._mailboxes:
            self.stdout.write("No mailbox. Add one: manage.py sync_mailbox, connect_gmail or connect_imap")


def _the_one(found: Mailbox | None, number: int) -> Mailbox:
    if found is None:
        raise Refused(f"There is no mailbox {number}: manage.py mailboxes lists them.", field="number")
    return found


def _do(act: str | None, mailbox: Mailbox, reason: str) -> None:
    by = getpass.getuser()
    match act:
        case "pause":
            services.pause_mailbox(mailbox, by=by, reason=reason)
        case "resume":
            services.resume_mailbox(mailbox, by=by, reason=reason)
        case "disconnect":
            services.disconnect(mailbox, by=by)


def _state(one: dict[str, Any]) -> str:
    paused = f"paused: {one['paused_reason']}".removesuffix(": ") if one["paused"] else ""
    return ", ".join(filter(None, (one["account"], one["reason"], paused)))
