"""Follow-ups over REST: when leads who do not answer are written to again, and who is waited for."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import PAGING, Id, Moment, Next, iso, own, page, person, user_id
from email_automation.models import FollowUp, FollowUpRule, FollowUpStatus
from email_automation.models.followups import MAX_DAYS
from email_automation.services.followups import DEFAULTS, MAX_STEP, STAGES
from jobs.api import parsing
from jobs.api.parsing import Body, Reasoned, Text
from jobs.api.responses import ok
from jobs.api.schema import described, parameter
from jobs.api.view import ApiView

Days = Annotated[int, Field(ge=1, le=MAX_DAYS, examples=[3])]
FIELDS = ("stage", "step", "days", "enabled", "send", "text")


class FollowUpChange(Body):
    """What is left out stays as it is. `send`: without approval, after the undo window."""

    days: Days | None = None
    enabled: bool | None = None
    send: bool | None = None
    text: Annotated[Text, Field(max_length=10_000)] | None = None


class NewFollowUpRule(FollowUpChange):
    """Off, unless `enabled` is true."""

    stage: Annotated[str, Field(json_schema_extra={"enum": [*STAGES], "examples": ["proposal"]})]
    days: Days
    step: Annotated[int, Field(ge=1, le=MAX_STEP)] = 1


class FollowUpRuleRow(TypedDict):
    id: Id
    stage: str
    step: int
    days: Days
    enabled: bool
    send: bool
    text: str


class FollowUpRuleRows(TypedDict):
    rules: list[FollowUpRuleRow]
    usual: Annotated[dict[str, int], Field(description="Days by stage that most begin with.")]


class Changed(FollowUpRuleRow):
    leads: Annotated[int, Field(description="For how many it was planned, or stopped, by this change.")]


class FollowUpRow(TypedDict):
    id: Id
    lead_id: Id
    stage: str
    step: int
    status: FollowUpStatus
    reason: str
    due_at: Moment
    job_id: str | None
    mail_id: int | None
    message_id: int | None


class FollowUpPage(TypedDict):
    follow_ups: list[FollowUpRow]
    count: int
    next: Next


class FollowUpRules(ApiView):
    @described("list_follow_up_rules", "After how many days who is written to again", FollowUpRuleRows)
    def get(self, request: Request) -> Response:
        usual = {stage.value: days for stage, days in DEFAULTS.items()}
        return ok({"rules": [_rule(rule) for rule in _rules(request)], "usual": usual})

    @described("add_follow_up_rule", "Add a rule for follow-ups", FollowUpRuleRow, takes=NewFollowUpRule)
    def post(self, request: Request) -> Response:
        wanted = parsing.body_of(request, NewFollowUpRule).model_dump(exclude_none=True)
        rule = services.add_follow_up_rule(person(request), by=person(request), **wanted)
        return ok(_rule(rule), message="The rule is added.")


class UsualFollowUpRules(ApiView):
    """`POST` makes the usual rules, switched off, where there are none."""

    @described("make_usual_follow_up_rules", "Make the usual rules, switched off", FollowUpRuleRows)
    def post(self, request: Request) -> Response:
        rules = services.offer_follow_ups(person(request))
        usual = {stage.value: days for stage, days in DEFAULTS.items()}
        return ok({"rules": [_rule(rule) for rule in rules], "usual": usual})


class FollowUpRuleDetail(ApiView):
    @described("change_follow_up_rule", "Change or switch a rule for follow-ups", Changed, takes=FollowUpChange)
    def patch(self, request: Request, rule_id: int) -> Response:
        rule = own(_rules(request), rule_id, "rule")
        wanted = parsing.body_of(request, FollowUpChange).model_dump(exclude_none=True)
        leads = services.set_follow_up_rule(rule, by=person(request), **wanted)
        return ok({**_rule(rule), "leads": leads}, message="The rule is changed.")

    @described("delete_follow_up_rule", "Delete a rule and stop what it planned", Changed)
    def delete(self, request: Request, rule_id: int) -> Response:
        rule = own(_rules(request), rule_id, "rule")
        shown = _rule(rule)
        return ok({**shown, "leads": services.delete_follow_up_rule(rule, by=person(request))})


class FollowUpList(ApiView):
    @described(
        "list_follow_ups",
        "Who is written to again, newest first",
        FollowUpPage,
        parameters=[
            parameter("status", {"type": "string", "enum": FollowUpStatus.values}, "In these states."),
            *PAGING,
        ],
    )
    def get(self, request: Request) -> Response:
        rows = FollowUp.objects.filter(user_id=user_id(request))
        if wanted := parsing.choices(request, "status", FollowUpStatus.values):
            rows = rows.filter(status__in=wanted)
        found, following = page(rows, request)
        return ok({"follow_ups": [_row(one) for one in found], "count": len(found), "next": following})


class FollowUpStop(ApiView):
    @described("stop_follow_up", "Write to nobody", FollowUpRow, takes=Reasoned)
    def post(self, request: Request, follow_up_id: int) -> Response:
        follow_up = own(FollowUp.objects.filter(user_id=user_id(request)), follow_up_id, "follow-up")
        reason = parsing.body_of(request, Reasoned).reason
        services.stop_follow_up(follow_up, by=person(request), reason=reason)
        return ok(_row(follow_up), message="The follow-up is stopped.")


def _rules(request: Request) -> QuerySet[FollowUpRule]:
    return FollowUpRule.objects.filter(user_id=user_id(request))


def _rule(rule: FollowUpRule) -> dict[str, Any]:
    return {"id": rule.pk, **{name: getattr(rule, name) for name in FIELDS}}


def _row(one: FollowUp) -> FollowUpRow:
    return {
        "id": one.pk,
        "lead_id": one.lead_id,
        "stage": one.stage,
        "step": one.step,
        "status": FollowUpStatus(one.status),
        "reason": one.reason,
        "due_at": iso(one.due_at),
        "job_id": str(one.job_id) if one.job_id else None,
        "mail_id": one.mail_id,
        "message_id": one.message_id,
    }
