"""Whom a user writes to no more, over REST."""

from __future__ import annotations

from typing import Annotated

from django.db.models import QuerySet
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import PAGING, Id, Moment, Next, iso, own, page, person, user_id
from email_automation.models import Suppression
from email_automation.sending.recipients import BadMailError
from jobs.api import parsing
from jobs.api.parsing import Body, Text
from jobs.api.responses import error, ok
from jobs.api.schema import described
from jobs.api.view import ApiView


class NewSuppression(Body):
    address: Annotated[Text, Field(min_length=3, max_length=320, examples=["jane@company.com"])]
    reason: Annotated[Text, Field(max_length=300)] = ""


class SuppressionRow(TypedDict):
    id: Id
    address: str
    cause: str
    source: str
    created_at: Moment


class SuppressionPage(TypedDict):
    suppressions: list[SuppressionRow]
    count: int
    next: Next


class SuppressionList(ApiView):
    @described("list_suppressions", "Addresses that get none of your mail", SuppressionPage, parameters=PAGING)
    def get(self, request: Request) -> Response:
        found, following = page(_suppressions(request), request)
        return ok({"suppressions": [suppression_row(row) for row in found], "count": len(found), "next": following})

    @described("add_suppression", "Write to an address no more", SuppressionRow, takes=NewSuppression)
    def post(self, request: Request) -> Response:
        wanted = parsing.body_of(request, NewSuppression)
        try:
            row = services.suppress(wanted.address, person(request), reason=wanted.reason)
        except BadMailError as problem:
            return error("INVALID_REQUEST", str(problem).replace("to ", "address ", 1), 400, field="address")
        return ok(suppression_row(row), message="This address gets no more of your mail.")


class SuppressionOne(ApiView):
    @described("delete_suppression", "Write to an address again", SuppressionRow)
    def delete(self, request: Request, suppression_id: int) -> Response:
        row = own(_suppressions(request), suppression_id, "suppression")
        shown = suppression_row(row)
        services.allow_again(row, by=person(request).get_username())
        return ok(shown, message="This address gets your mail again.")


def suppression_row(row: Suppression) -> SuppressionRow:
    return {
        "id": row.pk,
        "address": row.address,
        "cause": row.cause,
        "source": row.source,
        "created_at": iso(row.created_at),
    }


def _suppressions(request: Request) -> QuerySet[Suppression]:
    return Suppression.objects.filter(user_id=user_id(request))
