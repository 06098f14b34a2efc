"""`manage.py followups --user jane`: after how many days who is written to again, and who is waited for."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from email_automation import services
from email_automation.management.accounts import user_named
from email_automation.models import OPEN_FOLLOW_UPS, FollowUp, FollowUpRule
from email_automation.services.followups import STAGES
from jobs.errors import Refused
from jobs.terminal import AnsweringCommand, ago

MOST = 200


class Command(AnsweringCommand):
    help = "List a user's rules for follow-ups, and who waits for one; switch a rule, stop one."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("stage", nargs="?", choices=[stage.value for stage in STAGES], help="of the rule to change")
        parser.add_argument("--user", metavar="USER", help="whose (user name)")
        parser.add_argument("--step", type=int, default=1, help="of the rule: 1 is the first mail (%(default)s)")
        parser.add_argument("--days", type=int, help="without an answer")
        parser.add_argument("--text", help="where no model is set up, with {name}, {subject}, {sender}")
        parser.add_argument("--send", action="store_true", default=None, help="without approval, after the undo window")
        parser.add_argument("--approve", action="store_false", dest="send", help="a person approves each")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--on", action="store_true", default=None, dest="enabled", help="switch the rule on")
        act.add_argument(
            "--off", action="store_false", dest="enabled", help="switch it off; what it planned is stopped"
        )
        act.add_argument("--stop", type=int, metavar="NUMBER", help="stop one that is planned")
        parser.add_argument("--reason", default="", help="kept with what is stopped")

    def ask(self, *, stage: str | None, user: str | None, step: int, stop: int | None, reason: str, **said: Any) -> Any:
        account = user_named(user)
        written = {part: said[part] for part in ("days", "text", "send", "enabled") if said[part] is not None}
        if stop is not None:
            planned = FollowUp.objects.filter(pk=stop, user_id=account.pk).first()
            if planned is None:
                raise Refused(f"{user} has no follow-up {stop}.", field="stop")
            services.stop_follow_up(planned, by=account, reason=reason)
        rules = services.offer_follow_ups(account)
        if stage and written:
            self._change(account, stage, step, written)
            rules = services.offer_follow_ups(account)
        elif written:
            raise Refused("Name the stage of the rule: manage.py followups proposal --on ...", field="stage")
        waiting = FollowUp.objects.filter(user_id=account.pk, status__in=OPEN_FOLLOW_UPS).select_related("lead")
        return {
            "rules": [
                {part: getattr(rule, part) for part in ("stage", "step", "days", "enabled", "send", "text")}
                for rule in rules
            ],
            "follow_ups": [_row(one) for one in waiting.order_by("due_at")[:MOST]],
        }

    def show(self, answer: Any) -> None:
        self.table(
            ("stage", "step", "after", "is", "then"),
            (
                (
                    rule["stage"],
                    rule["step"],
                    f"{rule['days']} days",
                    "on" if rule["enabled"] else "off",
                    "sent after the undo window" if rule["send"] else "a person approves",
                )
                for rule in answer["rules"]
            ),
        )
        if answer["follow_ups"]:
            self.stdout.write("")
            self.table(
                ("follow-up", "lead", "stage", "is", "due"),
                (
                    (one["id"], one["lead"], one["stage"], one["status"], ago(one["due_at"]))
                    for one in answer["follow_ups"]
                ),
            )

    def _change(self, account: Any, stage: str, step: int, written: dict[str, Any]) -> None:
        rule = FollowUpRule.objects.filter(user_id=account.pk, stage=stage, step=step).first()
        if rule:
            services.set_follow_up_rule(rule, by=account, **written)
        else:
            if "days" not in written:
                raise Refused(f"There is no rule for step {step} of {stage}: with --days it is made.", field="days")
            services.add_follow_up_rule(account, by=account, stage=stage, step=step, **written)


def _row(one: FollowUp) -> dict[str, Any]:
    return {
        "id": one.pk,
        "lead": one.lead.email,
        "stage": one.stage,
        "step": one.step,
        "status": one.status,
        "due_at": one.due_at,
        "mail_id": one.mail_id,
    }
