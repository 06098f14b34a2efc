"""A mail to be sent, a prompt to be answered: what takes time is answered with `202` and the job's id."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from typing import Annotated, Any, Literal

from django.http import QueryDict
from pydantic import Field, model_validator
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from email_automation import services
from email_automation.api.parts import Accepted, accepted, own, person, user_id
from email_automation.models import Author, MailKind, Message
from email_automation.sending.letters import MAX_ATTACHED, MAX_ATTACHMENTS, File, Letter
from email_automation.sending.recipients import MAX_BODY, MAX_RECIPIENTS, BadMailError
from email_automation.sending.templating import letter_of
from email_automation.services.answering import MAX_PROMPT
from email_automation.services.sending import MAX_HOLD
from jobs.api import parsing
from jobs.api.parsing import BIGGEST_ID, Body, BoundedJSONParser, Text
from jobs.api.responses import error
from jobs.api.schema import described
from jobs.api.view import ApiView
from jobs.models import Job

FORM_LIMIT = MAX_ATTACHED + 1_000_000  # bytes of a whole upload

Address = Annotated[Text, Field(max_length=320)]
TO = ["jane@example.com"]


class Attached(Body):
    """A small file. Larger ones are uploaded: `multipart/form-data`, with the same fields."""

    name: Annotated[Text, Field(min_length=1, max_length=200, examples=["offer.pdf"])]
    content_type: Annotated[Text, Field(max_length=127)] = "application/octet-stream"
    content: Annotated[str, Field(description="Base64.", max_length=1_000_000)]


class NewMail(Body):
    """`to`, `subject` and a `body`, an `html` or both; or a `template` with its `values`; or an answer to a message,
    whose recipient and subject are the message's own. `hold`: seconds in which it can be taken back."""

    to: Annotated[
        list[Address], Field(max_length=MAX_RECIPIENTS, description="Or one address as text.", examples=[TO])
    ] = []
    subject: Annotated[Text, Field(examples=["Hello"])] = ""
    body: Annotated[Text, Field(max_length=MAX_BODY, examples=["How are you?"])] = ""
    html: Annotated[Text, Field(max_length=MAX_BODY)] = ""
    template: Literal["follow_up", "notification"] | None = None
    values: Annotated[dict[Text, Text], Field(max_length=20)] = {}
    reply_to_message: Annotated[int, Field(ge=1, le=BIGGEST_ID)] | None = None
    hold: Annotated[float, Field(ge=0, le=MAX_HOLD)] = 0
    attachments: Annotated[list[Attached], Field(max_length=MAX_ATTACHMENTS)] = []

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("to"), str):
            return {**data, "to": [data["to"]]}
        return data


class PromptRequest(serializers.Serializer[Any]):
    prompt = serializers.CharField(max_length=MAX_PROMPT)


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = f"The body is too large: attachments are at most {MAX_ATTACHED // 1_000_000} MB together."
    default_code = "REQUEST_TOO_LARGE"


class Send(ApiView):
    """`POST` sends a mail. Files come in the JSON, in base64, or as an upload of a form with the same fields."""

    parser_classes = (BoundedJSONParser, MultiPartParser)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What is too large is refused before anything of it is read."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > FORM_LIMIT:
            raise TooLarge
        super().initial(request, *args, **kwargs)

    @described("send_mail", "Send a mail", Accepted, takes=NewMail, status=[202])
    def post(self, request: Request) -> Response:
        try:
            job = _sent(request)
        except BadMailError as problem:
            return error("INVALID_MAIL", str(problem), 400, field=problem.field)
        return accepted(job, "The mail will be sent.")


class AIRequests(ApiView):
    """`POST` puts a prompt to the model."""

    @described("ask_model", "Put a prompt to the model", Accepted, takes=PromptRequest, status=[202])
    def post(self, request: Request) -> Response:
        serializer = PromptRequest(data=request.data)
        serializer.is_valid(raise_exception=True)
        prompt = serializer.validated_data["prompt"]
        return accepted(services.ask_ai(prompt, user_id=user_id(request)), "The model will be asked.")


def _sent(request: Request) -> Job:
    wanted, files = _wanted(request)
    if wanted.reply_to_message is not None:
        message = own(Message.objects.filter(mailbox__user_id=user_id(request)), wanted.reply_to_message, "message")
        _refuse_both(wanted, "reply_to_message")
        return services.reply(message, wanted.body, html=wanted.html, files=files, hold=wanted.hold)
    letter = _templated(request, wanted, files) if wanted.template else _written(request, wanted, files)
    return services.send_letter(letter, person(request), hold=wanted.hold)


def _written(request: Request, wanted: NewMail, files: list[File]) -> Letter:
    if not wanted.body and not wanted.html:
        raise BadMailError("body", "is missing: give a body, an html or both.")
    return Letter(
        to=wanted.to,
        subject=wanted.subject,
        body=wanted.body,
        html=wanted.html,
        files=files,
        author=Author.PERSON,
        user_id=user_id(request),
    )


def _templated(request: Request, wanted: NewMail, files: list[File]) -> Letter:
    if wanted.body or wanted.html:
        raise BadMailError("body", "comes from the template: leave it out, and html too.")
    kind = MailKind.FOLLOW_UP if wanted.template == "follow_up" else MailKind.NOTIFICATION
    values = {"subject": wanted.subject, **wanted.values}
    letter = letter_of(str(wanted.template), wanted.to, values, kind=kind, user_id=user_id(request))
    return dataclasses.replace(letter, author=Author.PERSON, files=files)


def _refuse_both(wanted: NewMail, field: str) -> None:
    for name in ("to", "subject", "template"):
        if getattr(wanted, name):
            raise BadMailError(name, f"is the message's own where {field} is given: leave it out.")


def _wanted(request: Request) -> tuple[NewMail, list[File]]:
    """What is asked for, from JSON or from a form."""
    if not isinstance(request.data, QueryDict):
        wanted = parsing.body_of(request, NewMail)
        return wanted, [_file(one) for one in wanted.attachments]
    form = request.data
    given: dict[str, Any] = {name: form[name] for name in form if name not in ("to", "attachments")}
    given["to"] = form.getlist("to")
    for name in ("hold", "reply_to_message"):
        if name in given:
            given[name] = _number(name, given[name])
    files = request.FILES.getlist("attachments")
    wanted = parsing.shaped(given, NewMail)
    return wanted, [
        File(one.name or "file", one.read(), one.content_type or "application/octet-stream") for one in files
    ]


def _file(given: Attached) -> File:
    try:
        content = base64.b64decode(given.content, validate=True)
    except (binascii.Error, ValueError):
        raise BadMailError("attachments", f"{given.name!r} is not base64.") from None
    return File(given.name, content, given.content_type)


def _number(name: str, text: str) -> int | float:
    try:
        return float(text) if name == "hold" else int(text)
    except ValueError:
        raise exceptions.ValidationError({name: f"{name}: give a number."}) from None
