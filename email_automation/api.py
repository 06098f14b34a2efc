"""Mail over REST: a user's own, and nobody else's. What takes time is answered with `202` and the job's id."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Left
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.models import Mailbox, Message
from email_automation.recipients import MAX_BODY, MAX_RECIPIENTS, BadMailError
from email_automation.services.answering import MAX_PROMPT
from jobs.api.responses import error, ok
from jobs.api.schema import described, limit, parameter
from jobs.api.view import ApiView
from jobs.models import Job

BIGGEST_ID = 2**63 - 1
EXCERPT = 500  # characters of a message's text in a list


class SyncRequest(serializers.Serializer[Any]):
    mailbox_id = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)


class SendRequest(serializers.Serializer[Any]):
    to = serializers.ListField(child=serializers.CharField(max_length=320), min_length=1, max_length=MAX_RECIPIENTS)
    subject = serializers.CharField()
    body = serializers.CharField(max_length=MAX_BODY, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("to"), str):
            data = {**data, "to": [data["to"]]}
        return super().to_internal_value(data)


class PromptRequest(serializers.Serializer[Any]):
    prompt = serializers.CharField(max_length=MAX_PROMPT)


class ListRequest(serializers.Serializer[Any]):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    before = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)
    mailbox_id = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)
    intent = serializers.CharField(required=False, max_length=20)


class Accepted(TypedDict):
    """The job that does it."""

    job_id: str
    task: str
    queue: str


class Sender(TypedDict):
    name: str
    address: str


MessageRow = TypedDict(
    "MessageRow",
    {
        "id": int,
        "mailbox_id": int,
        "thread": str,
        "message_id": str,
        "subject": str,
        "from": Sender,
        "date": str | None,
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
    next: int | None


WANTED = (
    limit(200, 50),
    parameter("before", {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}, "The `next` of the page before."),
    parameter("mailbox_id", {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}, "Those of one mailbox."),
    parameter("intent", {"type": "string", "maxLength": 20}, "Those that want this."),
)


class Sync(ApiView):
    """`POST` syncs one of the user's mailboxes; without `mailbox_id` the one that was added first."""

    @described("sync_mailbox", "Sync one of your mailboxes", Accepted, takes=SyncRequest, status=[202])
    def post(self, request: Request) -> Response:
        wanted = _checked(SyncRequest, request.data).get("mailbox_id")
        if wanted is None:
            mailbox = services.mailbox_of(_user_id(request))
        else:
            found = Mailbox.objects.filter(user_id=_user_id(request), pk=wanted).first()
            if found is None:
                raise NotFound(f"You have no mailbox {wanted}.")
            mailbox = found
        return _accepted(services.sync_mailbox(mailbox, sync_type="api"), "The mailbox will be synced.")


class Send(ApiView):
    """`POST` sends a mail."""

    @described("send_mail", "Send a mail", Accepted, takes=SendRequest, status=[202])
    def post(self, request: Request) -> Response:
        mail = _checked(SendRequest, request.data)
        try:
            job = services.send_email(mail["to"], mail["subject"], mail["body"], user_id=_user_id(request))
        except BadMailError as problem:
            return error("INVALID_MAIL", str(problem), 400, field=problem.field)
        return _accepted(job, "The mail will be sent.")


class AIRequests(ApiView):
    """`POST` puts a prompt to the model."""

    @described("ask_model", "Put a prompt to the model", Accepted, takes=PromptRequest, status=[202])
    def post(self, request: Request) -> Response:
        prompt = _checked(PromptRequest, request.data)["prompt"]
        return _accepted(services.ask_ai(prompt, user_id=_user_id(request)), "The model will be asked.")


class MessageList(ApiView):
    """The user's messages, newest first."""

    @described("list_messages", "Your messages, newest first", MessagePage, parameters=WANTED)
    def get(self, request: Request) -> Response:
        wanted = _checked(ListRequest, request.query_params)
        messages = Message.objects.filter(mailbox__user_id=_user_id(request)).order_by("-pk")
        messages = messages.defer("text", "headers", "references").annotate(excerpt=Left("text", EXCERPT))
        for field, lookup in (("mailbox_id", "mailbox_id"), ("intent", "intent"), ("before", "pk__lt")):
            if field in wanted:
                messages = messages.filter(**{lookup: wanted[field]})
        found = list(messages[: wanted["limit"] + 1])
        page = found[: wanted["limit"]]
        following = page[-1].pk if len(found) > len(page) else None
        return ok({"messages": [_message(message) for message in page], "count": len(page), "next": following})


def _user_id(request: Request) -> int:
    return int(request.user.pk or 0)  # the permission class lets nobody in without a login


def _checked(form: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = form(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _accepted(job: Job, message: str) -> Response:
    return ok({"job_id": str(job.pk), "task": job.task, "queue": job.queue}, status=202, message=message)


def _message(message: Message) -> MessageRow:
    return {
        "id": message.pk,
        "mailbox_id": message.mailbox_id,
        "thread": message.thread_key,
        "message_id": message.message_id,
        "subject": message.subject,
        "from": {"name": message.from_name, "address": message.from_address},
        "date": message.date.isoformat() if message.date else None,
        "excerpt": getattr(message, "excerpt", ""),
        "labels": message.labels,
        "attachments": message.attachment_count,
        "automatic": message.automatic or None,
        "unreadable": message.unreadable_reason or None,
        "intent": message.intent or None,
        "needs_review": message.needs_review,
    }
