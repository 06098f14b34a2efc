"""A user's rules over REST: written in the language of searches, tried before they are switched on."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import Id, own, person, user_id
from email_automation.models import Rule
from email_automation.services.rules import MAX_ORDER, WRITTEN, Tried
from jobs.api import parsing
from jobs.api.parsing import Body, Text
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.view import ApiView

When = Annotated[Text, Field(max_length=500, examples=["intent:sales_enquiry confidence:>=0.9 -from:acme.com"])]
Then = Annotated[Text, Field(min_length=1, max_length=500, examples=["draft_reply label:Sales"])]
Name = Annotated[Text, Field(min_length=1, max_length=100, examples=["Sales enquiries"])]


class RuleChange(Body):
    """What is left out stays as it is."""

    name: Name | None = None
    when: When | None = None
    then: Then | None = None
    text: Annotated[Text, Field(max_length=10_000)] | None = None
    order: Annotated[int, Field(ge=0, le=MAX_ORDER)] | None = None
    stop: bool | None = None
    enabled: bool | None = None


class NewRule(RuleChange):
    """Off, unless `enabled` is true."""

    name: Name
    then: Then


class Trial(Body):
    when: When


class RuleRow(TypedDict):
    id: Id
    name: Name
    enabled: bool
    order: int
    when: When
    then: Then
    text: str
    stop: bool


class RuleRows(TypedDict):
    rules: list[RuleRow]


class WordRow(TypedDict):
    word: str
    holds: bool
    found: str


class TriedRow(TypedDict):
    message_id: Id
    subject: str
    holds: bool
    reasons: list[WordRow]


class TriedRows(TypedDict):
    messages: list[TriedRow]
    holds: Annotated[int, Field(description="Of how many it holds.")]


class Deleted(TypedDict):
    id: Id


class RuleList(ApiView):
    """The user's rules, in the order in which they are asked."""

    @described("list_rules", "Your rules, in their order", RuleRows)
    def get(self, request: Request) -> Response:
        return ok({"rules": [_row(rule) for rule in _own(request)]})

    @described("add_rule", "Add a rule", RuleRow, takes=NewRule)
    def post(self, request: Request) -> Response:
        wanted = parsing.body_of(request, NewRule).model_dump(exclude_none=True)
        rule = services.add_rule(person(request), by=person(request).get_username(), **wanted)
        return ok(_row(rule), message="The rule is added.")


class RuleDetail(ApiView):
    @described("get_rule", "One of your rules", RuleRow)
    def get(self, request: Request, rule_id: int) -> Response:
        return ok(_row(own(_own(request), rule_id, "rule")))

    @described("change_rule", "Change or switch a rule", RuleRow, takes=RuleChange)
    def patch(self, request: Request, rule_id: int) -> Response:
        rule = own(_own(request), rule_id, "rule")
        wanted = parsing.body_of(request, RuleChange).model_dump(exclude_none=True)
        services.change_rule(rule, by=person(request).get_username(), **wanted)
        return ok(_row(rule), message="The rule is changed.")

    @described("delete_rule", "Delete a rule; what it did stays on record", Deleted)
    def delete(self, request: Request, rule_id: int) -> Response:
        services.delete_rule(own(_own(request), rule_id, "rule"), by=person(request).get_username())
        return ok({"id": rule_id}, message="The rule is deleted.")


class RuleTrial(ApiView):
    """What a condition would make of the latest messages. Nothing is done."""

    @described("try_rule", "Try a condition on your latest messages", TriedRows, takes=Trial)
    def post(self, request: Request) -> Response:
        when = parsing.body_of(request, Trial).when
        tried = list(services.try_rule(person(request), when))
        return ok({"messages": [_tried(one) for one in tried], "holds": sum(one.holds for one in tried)})


def _own(request: Request) -> QuerySet[Rule]:
    return Rule.objects.filter(user_id=user_id(request))


def _row(rule: Rule) -> dict[str, Any]:
    return {"id": rule.pk, **{name: getattr(rule, name) for name in WRITTEN}}


def _tried(one: Tried) -> TriedRow:
    words: list[WordRow] = [{"word": each.word, "holds": each.holds, "found": each.found} for each in one.reasons]
    return {"message_id": one.message.pk, "subject": one.message.subject, "holds": one.holds, "reasons": words}
