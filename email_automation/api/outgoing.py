"""Mail that goes out, over REST: a user's own, and what waits for their word."""

from __future__ import annotations

from typing import Annotated

from django.db.models import QuerySet
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from email_automation import services
from email_automation.api.parts import PAGING, Accepted, Id, Moment, Next, accepted, iso, own, page, person, user_id
from email_automation.models import MailKind, MailStatus, OutgoingMail
from email_automation.sending.recipients import MAX_BODY, BadMailError
from email_automation.services.sending import MAX_HOLD
from jobs.api import parsing
from jobs.api.parsing import Body, Reasoned, Text
from jobs.api.responses import error, ok
from jobs.api.schema import described, parameter
from jobs.api.view import ApiView

STATUS = parameter("status", {"type": "string", "enum": MailStatus.values}, "Those in this state.")
KIND = parameter("kind", {"type": "string", "enum": MailKind.values}, "Those of this kind.")


class Approval(Body):
    """`hold`: seconds in which it can be taken back."""

    hold: Annotated[float, Field(ge=0, le=MAX_HOLD)] = 0


class Words(Body):
    """What is left out stays as it is."""

    subject: Annotated[Text, Field(max_length=1_000, examples=["Hello"])] | None = None
    body: Annotated[Text, Field(max_length=MAX_BODY, examples=["How are you?"])] | None = None


class Finding(Body):
    """Whether it went, and how you know."""

    happened: bool
    reason: Annotated[Text, Field(min_length=1, max_length=300, examples=["It is in the Sent folder."])]


class MailRow(TypedDict):
    """`undelivered`: recipients that do not get it, and why."""

    id: Id
    job_id: str | None
    status: MailStatus
    kind: MailKind
    author: str
    to: list[str]
    subject: str
    reason: str
    held_until: Moment | None
    created_at: Moment
    sent_at: Moment | None
    delivered: list[str]
    undelivered: dict[str, str]


class AttachmentRow(TypedDict):
    name: str
    content_type: str
    size: int


class MailDetail(MailRow):
    body: str
    html: str
    message_id: str
    from_address: str
    answers: int | None
    template: str
    attachments: list[AttachmentRow]


class MailPage(TypedDict):
    mail: list[MailRow]
    count: int
    next: Next


class MailList(ApiView):
    @described("list_mail", "Your outgoing mail, newest first", MailPage, parameters=[*PAGING, STATUS, KIND])
    def get(self, request: Request) -> Response:
        mails = _mails(request)
        for name, allowed in (("status", MailStatus.values), ("kind", MailKind.values)):
            wanted = request.query_params.get(name)
            if wanted is None:
                continue
            if wanted not in allowed:
                return error("INVALID_REQUEST", f"{name} is one of: {', '.join(allowed)}.", 400, field=name)
            mails = mails.filter(**{name: wanted})
        found, following = page(mails.defer("body", "html"), request)
        return ok({"mail": [_row(mail) for mail in found], "count": len(found), "next": following})


class MailOne(ApiView):
    @described("show_mail", "One outgoing mail", MailDetail)
    def get(self, request: Request, mail_id: int) -> Response:
        return ok(_detail(own(_mails(request), mail_id, "mail")))

    @described("edit_mail", "Change the words of a mail that waits", MailDetail, takes=Words)
    def patch(self, request: Request, mail_id: int) -> Response:
        mail, words = own(_mails(request), mail_id, "mail"), parsing.body_of(request, Words)
        subject = mail.subject if words.subject is None else words.subject
        body = mail.body if words.body is None else words.body
        try:
            services.revise(mail, person(request), subject=subject, body=body)
        except BadMailError as problem:
            return error("INVALID_MAIL", str(problem), 400, field=problem.field)
        return ok(_detail(own(_mails(request), mail_id, "mail")), message="So it is sent once it is approved.")


class MailApprove(ApiView):
    """`POST` sends what waits for approval, or a draft."""

    @described("approve_mail", "Approve a mail that waits", Accepted, takes=Approval, status=[202])
    def post(self, request: Request, mail_id: int) -> Response:
        wanted = parsing.body_of(request, Approval)
        job = services.approve(own(_mails(request), mail_id, "mail"), person(request), hold=wanted.hold)
        return accepted(job, "The mail will be sent.")


class MailReject(ApiView):
    """`POST` puts aside what waits for approval, or a draft."""

    @described("reject_mail", "Reject a mail that waits", MailRow, takes=Reasoned)
    def post(self, request: Request, mail_id: int) -> Response:
        mail = own(_mails(request), mail_id, "mail")
        services.reject(mail, person(request), parsing.body_of(request, Reasoned).reason)
        return ok(_row(mail), message="The mail is put aside.")


class MailUndo(ApiView):
    """`POST` takes back a mail while it is held."""

    @described("undo_mail", "Take back a mail that is held", MailRow)
    def post(self, request: Request, mail_id: int) -> Response:
        mail = services.undo(own(_mails(request), mail_id, "mail"), person(request))
        return ok(_row(mail), message="The mail is a draft again.")


class MailResolve(ApiView):
    """`POST` says whether a mail in doubt went. One that did not is sent."""

    @described("resolve_mail", "Say whether a mail in doubt went", Accepted, takes=Finding, status=[202])
    def post(self, request: Request, mail_id: int) -> Response:
        found = parsing.body_of(request, Finding)
        mail = own(_mails(request), mail_id, "mail")
        job = services.resolve_doubt(mail, person(request), happened=found.happened, reason=found.reason)
        return accepted(job, "Noted: the job runs on.")


def _mails(request: Request) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(user_id=user_id(request))


def _row(mail: OutgoingMail) -> MailRow:
    return {
        "id": mail.pk,
        "job_id": str(mail.job_id) if mail.job_id else None,
        "status": MailStatus(mail.status),
        "kind": MailKind(mail.kind),
        "author": mail.author,
        "to": mail.to,
        "subject": mail.subject,
        "reason": mail.reason,
        "held_until": iso(mail.held_until),
        "created_at": iso(mail.created_at),
        "sent_at": iso(mail.sent_at),
        "delivered": mail.delivered,
        "undelivered": mail.undelivered,
    }


def _detail(mail: OutgoingMail) -> MailDetail:
    files = mail.attachments.values_list("name", "content_type", "size")
    return {
        **_row(mail),
        "body": mail.body,
        "html": mail.html,
        "message_id": mail.message_id,
        "from_address": mail.from_address,
        "answers": mail.answers_id,
        "template": mail.template,
        "attachments": [{"name": name, "content_type": kind, "size": size} for name, kind, size in files],
    }
