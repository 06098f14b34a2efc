"""`manage.py approvals`: what waits for a person; approve it, reject it, take it back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from email_automation import services
from email_automation.management.accounts import user_named
from email_automation.models import OutgoingMail
from email_automation.sending import approvals
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago, printable

VERBS = ("show", "approve", "reject", "undo")


class Command(AnsweringCommand):
    help = "List the mail that waits for a person; show one with what it answers, approve, reject or take it back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("verb", nargs="?", choices=VERBS, help="what is done to one")
        parser.add_argument("mail", nargs="?", type=int, help="its number")
        parser.add_argument("--user", metavar="USER", help="only this user's mail")
        parser.add_argument(
            "--by", metavar="USER", help="who approves, rejects or takes back (user name); kept with it"
        )
        parser.add_argument("--hold", type=float, default=0, metavar="SECONDS", help="in which it can be taken back")
        parser.add_argument("--reason", default="", help="why it is rejected")

    def ask(self, *, verb: str | None, mail: int | None, user: str | None, by: str | None, **more: Any) -> Any:
        mails = OutgoingMail.objects.filter(user_id=user_named(user).pk) if user else OutgoingMail.objects.all()
        if verb is None:
            return {"waiting": [_row(one) for one in approvals.waiting(mails)]}
        found = mails.filter(pk=mail).first() if mail is not None else None
        if found is None:
            raise Refused(f"There is no mail {mail}. `manage.py approvals` lists what waits.", field="mail")
        return {"mail": self._done(verb, found, by, **more)}

    def show(self, answer: Any) -> None:
        if "mail" in answer:
            for name, said in answer["mail"].items():
                value = printable(said)
                self.stdout.write(f"{name}: {value}" if "\n" not in value else f"{name}:\n{value}\n")
            return
        self.table(
            ("mail", "is", "to", "subject", "since", "because"),
            (
                (one["id"], one["status"], ", ".join(one["to"]), one["subject"], ago(one["created_at"]), one["because"])
                for one in answer["waiting"]
            ),
        )
        if not answer["waiting"]:
            self.stdout.write("Nothing waits for a person.")

    def _done(self, verb: str, mail: OutgoingMail, by: str | None, *, hold: float, reason: str, **_: Any) -> Any:
        match verb:
            case "approve":
                services.approve(mail, user_named(by, "by"), hold=hold)
            case "reject":
                services.reject(mail, user_named(by, "by"), reason)
            case "undo":
                services.undo(mail, user_named(by, "by"))
        answered = {"answers": mail.answers.text[:2000]} if mail.answers and verb == "show" else {}
        return {
            "id": mail.pk,
            "status": mail.status,
            "to": ", ".join(mail.to),
            "subject": mail.subject,
            **answered,
            "body": mail.body,
            "reason": mail.reason,
            "job_id": str(mail.job_id) if mail.job_id else "",
        }


def _row(one: approvals.Waiting) -> dict[str, Any]:
    mail = one.mail
    return {
        "id": mail.pk,
        "status": mail.status,
        "to": mail.to,
        "subject": mail.subject,
        "created_at": mail.created_at,
        "held_until": mail.held_until,
        "because": one.because,
    }
