"""A user's messages over REST: found by a search, read, and told the whole story of."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.db.models.functions import Left
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation.ai.schemas import Intent
from email_automation.api.parts import (
    PAGING,
    Id,
    Moment,
    Next,
    begins,
    iso,
    own,
    own_messages,
    page,
    user_id,
)
from email_automation.models import Mailbox, Message
from email_automation.reading import searching, timeline
from jobs.api import parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.responses import ok
from jobs.api.schema import described, parameter
from jobs.api.view import ApiView

EXCERPT = 500  # characters of a message's text in a list
NUMBER = {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}


class Sender(TypedDict):
    name: str
    address: str


MessageRow = TypedDict(
    "MessageRow",
    {
        "id": Id,
        "mailbox_id": Id,
        "thread": str,
        "message_id": str,
        "subject": str,
        "from": Sender,
        "date": Moment | None,
        "excerpt": str,
        "labels": list[str],
        "attachments": int,
        "automatic": str | None,
        "unreadable": str | None,
        "intent": str | None,
        "needs_review": bool,
    },
)


class MessagePage(TypedDict):
    messages: list[MessageRow]
    count: int
    next: Next


class AttachmentRow(TypedDict):
    name: str
    content_type: str
    size: int


class MessageDetails(MessageRow):
    """A message with its text. `classification`: what the model says of it now."""

    to: list[Sender]
    cc: list[Sender]
    text: str
    files: list[AttachmentRow]
    classification: dict[str, Any] | None


class StepRow(TypedDict):
    """Something that happened to it. `job_id`, `mail_id` and `message_id` say where to look."""

    at: Moment
    kind: Annotated[str, Field(examples=["classified"])]
    text: str
    note: str
    by: str
    job_id: str | None
    mail_id: int | None
    message_id: int | None


class Story(TypedDict):
    message_id: Id
    steps: list[StepRow]


SEARCH = parameter("q", {"type": "string", "maxLength": 500, "examples": ["from:acme.com is:unsure"]}, searching.HELP)
WANTED = (
    SEARCH,
    parameter("mailbox_id", NUMBER, "Those of one mailbox."),
    parameter("intent", {"type": "string", "enum": [intent.value for intent in Intent]}, "Those that want this."),
    *PAGING,
)


class MessageList(ApiView):
    """The user's messages, newest first.

    What is searched for is sought among the newest 10,000: a page may have few or none, and a `next` that leads
    further back. Words of the text are found however old they are.
    """

    @described("list_messages", "Your messages, newest first", MessagePage, parameters=WANTED)
    def get(self, request: Request) -> Response:
        listed = _listed(request)
        if mailbox_id := parsing.whole(request, "mailbox_id", 0, BIGGEST_ID):
            listed = listed.filter(mailbox_id=mailbox_id)
        messages, ends = searching.look(listed, parsing.text(request, "q", 500) or "", begins(request))
        if intents := parsing.choices(request, "intent", list(Intent)):
            messages = messages.filter(intent__in=intents)
        light = messages.defer("text", "headers", "references").annotate(excerpt=Left("text", EXCERPT))
        found, following = page(light, request)
        return ok({"messages": [_row(one) for one in found], "count": len(found), "next": following or ends})


class MessageDetail(ApiView):
    @described("get_message", "One of your messages", MessageDetails)
    def get(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        message.excerpt = message.text[:EXCERPT]  # type: ignore[attr-defined]
        return ok(
            {
                **_row(message),
                "to": _people(message.to),
                "cc": _people(message.cc),
                "text": message.text,
                "files": list(message.attachments.values("name", "content_type", "size")),
                "classification": _classification(message),
            }
        )


class MessageTimeline(ApiView):
    """From the mail that came in to the mail that went out."""

    @described("get_message_timeline", "The story of a message, the oldest step first", Story)
    def get(self, request: Request, message_id: int) -> Response:
        message = own(own_messages(request), message_id, "message")
        return ok({"message_id": message.pk, "steps": [_step(step) for step in timeline.of(message)]})


def _listed(request: Request) -> QuerySet[Message]:
    """By mailbox: how many messages one has the database knows; of a user it guesses, and reads those of others."""
    mailboxes = Mailbox.objects.filter(user_id=user_id(request)).values_list("pk", flat=True)
    return Message.objects.filter(mailbox_id__in=list(mailboxes))


def _row(message: Message) -> MessageRow:
    return {
        "id": message.pk,
        "mailbox_id": message.mailbox_id,
        "thread": message.thread_key,
        "message_id": message.message_id,
        "subject": message.subject,
        "from": {"name": message.from_name, "address": message.from_address},
        "date": iso(message.date),
        "excerpt": getattr(message, "excerpt", ""),
        "labels": message.labels,
        "attachments": message.attachment_count,
        "automatic": message.automatic or None,
        "unreadable": message.unreadable_reason or None,
        "intent": message.intent or None,
        "needs_review": message.needs_review,
    }


def _people(pairs: list[list[str]]) -> list[Sender]:
    return [{"name": name, "address": address} for name, address in pairs]


def _classification(message: Message) -> dict[str, Any] | None:
    names = ("intent", "urgency", "sentiment", "is_spam", "is_automatic", "suggested_action", "confidence", "model")
    current = message.classifications.filter(is_current=True).first()
    return {name: getattr(current, name) for name in names} if current else None


def _step(step: timeline.Step) -> StepRow:
    return {
        "at": iso(step.at),
        "kind": step.kind,
        "text": step.text,
        "note": step.note,
        "by": step.by,
        "job_id": str(step.job_id) if step.job_id else None,
        "mail_id": step.mail_id,
        "message_id": step.message_id,
    }
