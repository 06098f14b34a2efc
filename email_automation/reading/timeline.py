"""From the mail that came in to the mail that went out and its answer: every step, when, by which job, by whom."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from crm.models import Activity
from email_automation.models import FollowUp, FollowUpStatus, MailStatus, Message, OutgoingMail
from email_automation.parsing.threads import thread_key
from jobs.models import AuditEntry, Effect, Job

MOST = 50  # of each kind of step, the newest
TASKS = (  # whose jobs are steps of a story
    "classify_message",
    "act_on_message",
    "draft_reply",
    "summarise_message",
    "mailbox_action",
    "follow_up",
    "send_mail",
)


@dataclass(frozen=True)
class Step:
    """Something that happened. `kind` is one word for programs; `job_id`, `mail_id`, `message_id`: where to look."""

    at: datetime
    kind: str
    text: str
    note: str = ""
    by: str = ""
    job_id: uuid.UUID | None = None
    mail_id: int | None = None
    message_id: int | None = None


def of(message: Message) -> list[Step]:
    """The whole story of a message, the oldest step first, whichever end of it is asked for."""
    mails = list(_mails(message))
    steps = [
        *_arrival(message),
        *_reading(message),
        *_rules(message),
        *_crm(message),
        *_writing(message),
        *(step for mail in mails for step in _sending(mail)),
        *_decisions(mails),
        *_answers(message, mails),
    ]
    return sorted(steps, key=lambda step: step.at)


def start_of(mail: OutgoingMail) -> Message | None:
    """The message that a mail's story begins with."""
    while mail.answers is None and mail.follows is not None:
        mail = mail.follows
    return mail.answers or mail.forwards


def details(job: Job) -> dict[str, str]:
    """What a job of the mail part adds to its status: where the story is told that it belongs to."""
    number = job.arguments.get("message_id")
    if number is None and (mail_id := job.arguments.get("mail_id")) is not None:
        mail = OutgoingMail.objects.filter(pk=mail_id).first()
        number = (mail.answers_id or mail.forwards_id) if mail else None
    if number is None and (follow_up_id := job.arguments.get("follow_up_id")) is not None:
        number = FollowUp.objects.filter(pk=follow_up_id).values_list("message_id", flat=True).first()
    if not number:
        return {}
    page = reverse("admin:email_automation_message_change", args=[number])
    return {"timeline": reverse("message-timeline", args=[number]), "story": page}


def _mails(message: Message) -> Iterable[OutgoingMail]:
    """What answers or forwards it, or follows up its sender because of it."""
    answers = OutgoingMail.objects.filter(answers=message).order_by().values_list("pk")
    forwards = OutgoingMail.objects.filter(forwards=message).order_by().values_list("pk")
    follow_ups = FollowUp.objects.filter(message=message, mail__isnull=False).order_by().values_list("mail_id")
    # First which: "any of them" would be looked for in all mail that ever went out.
    of_it = [number for (number,) in answers.union(forwards, follow_ups)]
    return OutgoingMail.objects.filter(pk__in=of_it).select_related("released_by").order_by("-pk")[:MOST]


def _arrival(message: Message) -> Iterator[Step]:
    run = message.sync_run
    if message.date and message.date <= message.stored_at:
        yield Step(message.date, "written", f"{message.sender or 'somebody'} wrote it", message_id=message.pk)
    job_id = run.job_id if run else None
    yield Step(
        message.stored_at, "stored", f"synced from {message.mailbox.name}", message.unreadable_reason, job_id=job_id
    )


def _reading(message: Message) -> Iterator[Step]:
    for read in message.classifications.order_by("-pk")[:MOST]:
        sure = f"{read.confidence:.0%} sure" + (", a person should look" if read.needs_review else "")
        text = f"{read.model} says {read.intent.replace('_', ' ')}"
        yield Step(read.created_at, "classified", text, sure, job_id=read.job_id)


def _rules(message: Message) -> Iterator[Step]:
    for match in message.rule_matches.select_related("asked_by").order_by("-pk")[:MOST]:
        why = ", ".join(f"{one['word']} ({one['found'] or 'nothing'})" for one in match.reasons) or "all mail"
        done = "; ".join(
            one["do"] + (f" left out: {one['left_out']}" if "left_out" in one else "") for one in match.outcomes
        )
        by = match.asked_by.get_username() if match.asked_by else ""
        yield Step(match.created_at, "rule", f"rule “{match.name}”: {done}", f"because {why}", by, match.job_id)


def _crm(message: Message) -> Iterator[Step]:
    key = f"mail:{message.digest}"
    for one in Activity.objects.filter(user_id=message.mailbox.user_id, message_key=key)[:MOST]:
        changed = ", ".join(f"{name}: {before} → {after}" for name, (before, after) in one.changes.items())
        yield Step(one.created_at, "crm", "noted in the CRM", changed, job_id=one.job_id)


def _writing(message: Message) -> Iterator[Step]:
    for answer in message.ai_answers.order_by("-pk")[:MOST]:
        yield Step(answer.created_at, answer.kind, f"{answer.model} wrote a {answer.kind}", job_id=answer.job_id)
    planned = FollowUp.objects.filter(message=message).order_by("-pk")[:MOST]
    for one in planned:
        text = f"follow-up planned for {one.due_at:%Y-%m-%d}"
        yield Step(one.created_at, "follow_up", text, f"stage {one.stage}, step {one.step}", job_id=one.job_id)
        if one.status == FollowUpStatus.STOPPED and one.stopped_at:
            yield Step(one.stopped_at, "follow_up_stopped", "follow-up stopped", one.reason)


def _sending(mail: OutgoingMail) -> Iterator[Step]:
    usual = "a mail" if mail.forwards_id is None else "it, forwarded,"
    what = {"follow_up": "a follow-up", "reply": "a reply"}.get(mail.kind, usual)
    yield Step(mail.created_at, "drafted", f"{what} to {', '.join(mail.to)}", f"by {mail.author}", mail_id=mail.pk)
    if mail.sent_at:
        ids = ", ".join(one for one in (mail.message_id, mail.provider_id) if one)
        text = "sent without a person, as its rule says" if mail.released_by_rule else "sent"
        yield Step(mail.sent_at, "sent", text, ids, job_id=mail.job_id, mail_id=mail.pk)
        return
    effect = Effect.objects.filter(key=f"mail:{mail.pk}").first()
    if mail.status in (MailStatus.FAILED, MailStatus.IN_DOUBT) and effect:
        text = mail.get_status_display().lower()
        yield Step(
            effect.settled_at or effect.created_at, mail.status, text, mail.reason, job_id=mail.job_id, mail_id=mail.pk
        )


def _decisions(mails: Iterable[OutgoingMail]) -> Iterator[Step]:
    """Approved, rejected, taken back, by whom: as the audit has it."""
    subjects = {f"mail {mail.pk}": mail.pk for mail in mails}
    entries = AuditEntry.objects.filter(subject__in=list(subjects)).order_by("-pk")[:MOST]
    for entry in entries:
        yield Step(
            entry.at, entry.verb, f"{entry.verb} by {entry.by}", entry.reason, entry.by, mail_id=subjects[entry.subject]
        )


def _answers(message: Message, mails: Iterable[OutgoingMail]) -> Iterator[Step]:
    """What came in the thread after it, and what answers a mail of ours."""
    ours = {mail.message_id: mail.to for mail in mails if mail.message_id}
    people = {address for addresses in ours.values() for address in addresses}
    theirs = Message.objects.filter(mailbox_id=message.mailbox_id, pk__gt=message.pk).order_by()
    threads = [message.thread_key, *(thread_key("", (), one, "") for one in ours)]
    # First which, each by its index: "either of both" would be looked for in the whole mailbox.
    found = theirs.filter(thread_key__in=threads).values_list("pk")
    answers = theirs.filter(from_address__in=people, in_reply_to__in=ours).values_list("pk")
    later = Message.objects.filter(pk__in=[number for (number,) in found.union(answers)])
    for one in later.defer("text", "headers").order_by("-pk")[:MOST]:
        text = "we wrote in the thread" if one.is_own else f"{one.sender} answered"
        yield Step(one.date or one.stored_at, "answer", text, one.subject, message_id=one.pk)
