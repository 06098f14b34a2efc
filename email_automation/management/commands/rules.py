"""`manage.py rules --user jane`: a user's rules; add one, try one, switch one, run them on a message."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import CommandParser

from email_automation import services
from email_automation.management.accounts import user_named
from email_automation.models import Message, Rule
from email_automation.services.rules import WRITTEN
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, printable


class Command(AnsweringCommand):
    help = "List a user's rules for new mail; add one, try one, switch it on or off, delete it, run them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", nargs="?", help="of a rule")
        parser.add_argument("--user", metavar="USER", help="whose (user name)")
        parser.add_argument("--when", help='as a search: "intent:sales_enquiry confidence:>=0.9"; empty: all mail')
        parser.add_argument("--then", help='what is done: "draft_reply label:Sales"; makes a new rule, switched off')
        parser.add_argument("--text", help="of its reply where no model is set up, with {name}, {subject}, {sender}")
        parser.add_argument("--order", type=int, help="lower ones come first")
        parser.add_argument("--stop", action="store_true", default=None, help="later rules do not see the message")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--try", action="store_const", const="try", dest="act", help="on the latest messages")
        act.add_argument("--on", action="store_const", const="on", dest="act", help="switch it on")
        act.add_argument("--off", action="store_const", const="off", dest="act", help="switch it off")
        act.add_argument("--delete", action="store_const", const="delete", dest="act", help="delete it")
        act.add_argument("--run", type=int, metavar="MESSAGE", help="run all that are on on a message, by its number")

    def ask(self, *, name: str | None, user: str | None, act: str | None, run: int | None, **said: Any) -> Any:
        account = user_named(user)
        written = {part: said[part] for part in ("when", "then", "text", "order", "stop") if said[part] is not None}
        if run is not None:
            message = Message.objects.filter(pk=run, mailbox__user_id=account.pk).first()
            if message is None:
                raise Refused(f"{user} has no message {run}.", field="run")
            return {"job_id": str(services.run_rules(message, by=account).pk)}
        if act == "try":
            return self._tried(account, written.get("when") or (_named(account.pk, name).when if name else ""))
        if name and (act or written):
            self._change(account, name, act, written)
        return {"rules": [_row(rule) for rule in Rule.objects.filter(user_id=account.pk)]}

    def show(self, answer: Any) -> None:
        if "job_id" in answer:
            self.stdout.write(answer["job_id"])
        elif "tried" in answer:
            self.table(
                ("message", "holds", "subject", "why"),
                (
                    (row["message"], "yes" if row["holds"] else "", row["subject"], row["why"])
                    for row in answer["tried"]
                ),
            )
            self.stdout.write(f"It holds of {sum(row['holds'] for row in answer['tried'])} of {len(answer['tried'])}.")
        else:
            self.table(
                ("rule", "is", "order", "when", "then"),
                (
                    (row["name"], "on" if row["enabled"] else "off", row["order"], row["when"], row["then"])
                    for row in answer["rules"]
                ),
            )
            if not answer["rules"]:
                self.stdout.write("No rule. Add one: manage.py rules NAME --user USER --when ... --then ...")

    def _tried(self, account: Any, when: str) -> Any:
        return {
            "tried": [
                {
                    "message": one.message.pk,
                    "holds": one.holds,
                    "subject": one.message.subject,
                    "why": ", ".join(f"{'' if reason.holds else 'not '}{reason}" for reason in one.reasons),
                }
                for one in services.try_rule(account, when)
            ]
        }

    def _change(self, account: Any, name: str, act: str | None, written: dict[str, Any]) -> None:
        by = getpass.getuser()
        known = Rule.objects.filter(user_id=account.pk, name=name).first()
        if act == "delete":
            services.delete_rule(_named(account.pk, name), by=by)
        elif known is None and "then" in written:
            services.add_rule(account, by=by, name=name, enabled=act == "on", **written)
        else:
            switched = {"enabled": act == "on"} if act else {}
            services.change_rule(_named(account.pk, name), by=by, **written, **switched)


def _named(user_id: int, name: str | None) -> Rule:
    found = Rule.objects.filter(user_id=user_id, name=name or "").first()
    if found is None:
        known = ", ".join(Rule.objects.filter(user_id=user_id).values_list("name", flat=True)) or "none"
        raise Refused(
            f"There is no rule {printable(name or '')!r}; with --then it is made. Rules: {known}.", field="name"
        )
    return found


def _row(rule: Rule) -> dict[str, Any]:
    return {"id": rule.pk, **{part: getattr(rule, part) for part in WRITTEN}}
