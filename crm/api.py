"""Contacts and leads over REST: a user's own, and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from pydantic import Field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from crm import services
from crm.lead_data import BadLeadData, LeadData
from crm.models import Contact, Lead
from crm.services import SET_BY_US
from crm.words import Band, Stage
from jobs.api.responses import ok
from jobs.api.schema import described, limit, parameter
from jobs.api.view import ApiView

MAX_LIMIT = 200
DEFAULT_LIMIT = 50

Row = TypeVar("Row", Contact, Lead)


class Reason(TypedDict):
    """Why a lead has some of its points."""

    reason: str
    points: int


class PersonRow(TypedDict):
    """What contacts and leads have in common. Times are ISO 8601."""

    id: int
    email: Annotated[str, Field(examples=["joan@acme.test"])]
    name: str
    phone: str
    company: str
    source: str
    notes: str
    tags: list[str]
    metadata: dict[str, Any]
    last_contact_at: str | None
    created_at: str
    updated_at: str


class ContactRow(PersonRow):
    messages: int


class LeadRow(PersonRow):
    contact_id: int
    stage: Stage
    score: int
    band: Band
    reasons: list[Reason]
    intent: str | None
    urgency: str | None
    sentiment: str | None


class ActivityRow(TypedDict):
    kind: str
    text: str
    changes: Any
    message_key: str | None
    job_id: str | None
    occurred_at: str


class LeadDetails(LeadRow):
    activities: list[ActivityRow]


class LeadPage(TypedDict):
    leads: list[LeadRow]
    count: int
    next: Annotated[int | None, Field(description="The `before` of the next page, if there is one.")]


class ContactPage(TypedDict):
    contacts: list[ContactRow]
    count: int
    next: Annotated[int | None, Field(description="The `before` of the next page, if there is one.")]


class Accepted(TypedDict):
    """The job that does it."""

    job_id: str
    task: str
    queue: str


PAGING = (
    limit(MAX_LIMIT, DEFAULT_LIMIT),
    parameter("before", {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, "The `next` of the page before."),
)


def _lead_schema() -> dict[str, Any]:
    """Of what may be given: all of a lead but what is set here."""
    schema = LeadData.model_json_schema()
    schema["properties"] = {name: each for name, each in schema["properties"].items() if name not in SET_BY_US}
    schema["properties"]["email"]["examples"] = ["joan@acme.test"]
    return schema | {"title": "LeadUpdate", "required": ["email"], "description": "What is left out stays as it is."}


class LeadList(ApiView):
    """`GET` lists the user's leads, newest first; `POST` enqueues `update_crm` for one."""

    @described(
        "list_leads",
        "Your leads, newest first",
        LeadPage,
        parameters=[
            parameter("stage", {"type": "string", "enum": Stage.values}, "Those in this stage."),
            parameter("band", {"type": "string", "enum": Band.values}, "Those in this band of the score."),
            *PAGING,
        ],
    )
    def get(self, request: Request) -> Response:
        leads = Lead.objects.filter(user_id=_user_id(request))
        for field, words in (("stage", Stage), ("band", Band)):
            leads = _filtered(leads, field, words.values, request)
        rows, following = _page(leads, request)
        return ok({"leads": [_lead(lead) for lead in rows], "count": len(rows), "next": following})

    @described("update_lead", "Create or update a lead, and its contact", Accepted, takes=_lead_schema(), status=[202])
    def post(self, request: Request) -> Response:
        if not isinstance(request.data, Mapping):
            raise ValidationError({"email": "Send one JSON object with at least an email."})
        try:
            job = services.request_update(_user_id(request), dict(request.data))
        except BadLeadData as error:
            raise ValidationError({error.field: f"{error.field}: {error.problem}"}) from None
        accepted: Accepted = {"job_id": str(job.pk), "task": job.task, "queue": job.queue}
        return ok(accepted, status=202, message="The lead will be updated.")


class LeadDetail(ApiView):
    """One of the user's leads, with its latest activities."""

    @described("get_lead", "One of your leads, with its latest activities", LeadDetails)
    def get(self, request: Request, lead_id: int) -> Response:
        lead = get_object_or_404(Lead, user_id=_user_id(request), pk=lead_id)
        latest = lead.contact.activities.order_by("-id")[:DEFAULT_LIMIT]
        activities: list[ActivityRow] = [
            {
                "kind": activity.kind,
                "text": activity.text,
                "changes": activity.changes,
                "message_key": activity.message_key,
                "job_id": str(activity.job_id) if activity.job_id else None,
                "occurred_at": activity.occurred_at.isoformat(),
            }
            for activity in latest
        ]
        return ok({**_lead(lead), "activities": activities})


class ContactList(ApiView):
    """The user's contacts, newest first."""

    @described("list_contacts", "Your contacts, newest first", ContactPage, parameters=PAGING)
    def get(self, request: Request) -> Response:
        rows, following = _page(Contact.objects.filter(user_id=_user_id(request)), request)
        contacts: list[ContactRow] = [{**_person(contact), "messages": contact.messages} for contact in rows]
        return ok({"contacts": contacts, "count": len(contacts), "next": following})


def _user_id(request: Request) -> int:
    return int(request.user.pk or 0)  # the permission class lets nobody in without a login


def _filtered(leads: QuerySet[Lead], field: str, words: list[str], request: Request) -> QuerySet[Lead]:
    value = request.query_params.get(field)
    if value is None:
        return leads
    if value not in words:
        raise ValidationError({field: f"{field} must be one of {', '.join(words)}."})
    return leads.filter(**{field: value})


def _page(rows: QuerySet[Row], request: Request) -> tuple[list[Row], int | None]:
    """A page of rows, newest first, and the `before` that asks for the next one, or None."""
    limit = _number(request, "limit", DEFAULT_LIMIT, MAX_LIMIT)
    before = _number(request, "before", 0, 2**63 - 1)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    page = found[:limit]
    return page, page[-1].pk if len(found) > limit else None


def _number(request: Request, field: str, default: int, largest: int) -> int:
    text = request.query_params.get(field)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= largest):
        raise ValidationError({field: f"{field} must be a whole number from 1 to {largest}."})
    return int(text)


def _person(person: Contact | Lead) -> PersonRow:
    return {
        "id": person.pk,
        "email": person.email,
        "name": person.name,
        "phone": person.phone,
        "company": person.company,
        "source": person.source,
        "notes": person.notes,
        "tags": person.tags,
        "metadata": person.metadata,
        "last_contact_at": person.last_contact_at.isoformat() if person.last_contact_at else None,
        "created_at": person.created_at.isoformat(),
        "updated_at": person.updated_at.isoformat(),
    }


def _lead(lead: Lead) -> LeadRow:
    return {
        **_person(lead),
        "contact_id": lead.contact_id,
        "stage": Stage(lead.stage),
        "score": lead.score,
        "band": Band(lead.band),
        "reasons": lead.reasons,
        "intent": lead.intent or None,
        "urgency": lead.urgency or None,
        "sentiment": lead.sentiment or None,
    }
