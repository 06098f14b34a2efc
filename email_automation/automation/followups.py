"""Leads who do not answer are written to again: planned when a stage begins, written when its time has come.

Each is a job of its own that waits for its time. What stops it is in `stopping`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max

from crm.models import Lead
from email_automation.automation import stopping
from email_automation.automation.permission import undo_seconds, why_never_answered
from email_automation.models import (
    FollowUp,
    FollowUpRule,
    FollowUpStatus,
    MailKind,
    MailStatus,
    Message,
    OutgoingMail,
)
from email_automation.reading.drafting import Words, draft
from email_automation.sending import releasing
from email_automation.sending.letters import Letter, reply_subject
from email_automation.sending.outbox import write as write_mail
from jobs import clock, services
from jobs.errors import Discard, Fail, Snooze
from jobs.models.job import new_id

LOOK_AGAIN = timedelta(hours=12)  # for the mail before, which still waits for a person
ON_ITS_WAY = (MailStatus.DRAFT, MailStatus.AWAITING_APPROVAL, MailStatus.HELD, MailStatus.QUEUED, MailStatus.SENDING)


def lead_moved(leads: Sequence[Lead], since: datetime) -> None:
    """Leads are new, or in another stage: what was planned before is off, what the new stage asks for is planned."""
    stopping.moved(leads)
    stages = {lead.stage for lead in leads}
    rules = FollowUpRule.objects.filter(user_id=leads[0].user_id, stage__in=stages, step=1, enabled=True)
    by_stage = {(rule.user_id, rule.stage): rule for rule in rules}
    for lead in leads:
        if rule := by_stage.get((lead.user_id, lead.stage)):
            plan(lead, rule, since)


def plan(lead: Lead, rule: FollowUpRule, since: datetime) -> FollowUp | None:
    """Have a lead followed up, in the caller's transaction, unless it was by this rule or its time is over already."""
    due_at = since + timedelta(days=rule.days)
    message = _last_of(lead)
    if due_at <= clock.now() or (message and since < message.mailbox.connected_since):
        return None  # what happened before the mailbox was connected moves nobody to write
    wanted = {
        "user_id": lead.user_id,
        "stage": lead.stage,
        "since": since,
        "due_at": due_at,
        "message": message,
        "thread": message.thread_key if message else "",
    }
    follow_up, made = FollowUp.objects.get_or_create(lead=lead, rule=rule, step=rule.step, defaults=wanted)
    if not made:
        return None
    follow_up.job_id = new_id()
    follow_up.save(update_fields=["job_id"])
    services.enqueue(
        "follow_up",
        {"follow_up_id": follow_up.pk},
        job_id=follow_up.job_id,
        run_at=due_at,
        owner_id=lead.user_id,
    )
    return follow_up


def write(follow_up_id: int) -> FollowUp:
    """Write the mail of a follow-up whose time has come: by the model, where none is set up by the rule's own text.

    Raises:
        Discard: nobody waits for it any more.
        Snooze: we wrote meanwhile, or the mail before still waits: not yet.
        Fail: there is no model and no text.
    """
    rows = FollowUp.objects.select_related("lead", "rule", "message__mailbox__user")
    follow_up = rows.filter(pk=follow_up_id).first()
    if follow_up is None:
        raise Discard("the follow-up was removed")
    if follow_up.mail_id:
        return follow_up
    rule = follow_up.rule
    if rule is None or not rule.enabled:
        raise _stopped(follow_up, "its rule is switched off")
    if reason := stopping.why_stopped(follow_up) or _why_not_before(follow_up):
        raise _stopped(follow_up, reason)
    _wait_for_silence(follow_up, rule)
    return _store(follow_up, rule, _words(follow_up, rule))


def _stopped(follow_up: FollowUp, reason: str) -> Discard:
    stopping.stop(follow_up, reason)
    return Discard(f"not followed up: {reason}")


def _why_not_before(follow_up: FollowUp) -> str:
    """What became of the step before decides whether there is this one."""
    before = _before(follow_up)
    if before and before.status != MailStatus.SENT and before.status not in ON_ITS_WAY:
        return "the mail before was not sent"
    return why_never_answered(follow_up.message) if follow_up.message else ""


def _before(follow_up: FollowUp) -> OutgoingMail | None:
    if follow_up.step == 1:
        return None
    earlier = FollowUp.objects.filter(lead=follow_up.lead_id, stage=follow_up.stage, step=follow_up.step - 1)
    return OutgoingMail.objects.filter(follow_up__in=earlier).order_by("-id").first()


def _wait_for_silence(follow_up: FollowUp, rule: FollowUpRule) -> None:
    """Days count from our last mail to them, whoever wrote it."""
    before = _before(follow_up)
    if before and before.status != MailStatus.SENT:
        raise Snooze(LOOK_AGAIN.total_seconds(), "the mail before has not gone yet")
    last = _our_last(follow_up.lead, follow_up.thread)
    if last is None or last <= follow_up.since:
        return
    wait = (last + timedelta(days=rule.days) - clock.now()).total_seconds()
    if wait > 0:
        FollowUp.objects.filter(pk=follow_up.pk).update(due_at=last + timedelta(days=rule.days))
        raise Snooze(wait, "we wrote meanwhile: the days count from then")


def _our_last(lead: Lead, thread: str) -> datetime | None:
    sent = OutgoingMail.objects.filter(user_id=lead.user_id, status=MailStatus.SENT, to=[lead.email])
    own = Message.objects.filter(mailbox__user_id=lead.user_id, is_own=True, thread_key=thread) if thread else None
    times = [sent.aggregate(last=Max("sent_at"))["last"], own.aggregate(last=Max("date"))["last"] if own else None]
    return max((time for time in times if time), default=None)


def _last_of(lead: Lead) -> Message | None:
    written = Message.objects.filter(mailbox__user_id=lead.user_id, from_address__iexact=lead.email, automatic="")
    return written.select_related("mailbox__user").filter(is_own=False).order_by("-pk").first()


def _words(follow_up: FollowUp, rule: FollowUpRule) -> Words:
    if follow_up.message is None and not rule.text:
        raise Fail("They never wrote, so a model has nothing to go by: give the rule a text.", code="NOTHING_TO_GO_BY")
    return draft(
        follow_up.message,
        name=follow_up.lead.name,
        user_id=follow_up.user_id,
        text=rule.text,
        task=f"They have not answered for {rule.days} days. Remind them kindly, in a few sentences.",
    )


def _store(follow_up: FollowUp, rule: FollowUpRule, words: Words) -> FollowUp:
    message = follow_up.message
    subject = message.subject if message else ""
    letter = Letter(
        to=follow_up.lead.email,
        subject=reply_subject(subject) if subject else "Following up",
        body=words.body,
        kind=MailKind.FOLLOW_UP,
        author=words.author,
        user_id=follow_up.user_id,
        answers=message,
        follows=_before(follow_up),
        written_by=words.answer,
    )
    try:
        with transaction.atomic():
            return _write(follow_up, rule, letter, words)
    except IntegrityError:
        raise Snooze(LOOK_AGAIN.total_seconds(), "a reply to them waits for a person") from None


def _write(follow_up: FollowUp, rule: FollowUpRule, letter: Letter, words: Words) -> FollowUp:
    """The mail and the plan of the next step, or neither."""
    mail = write_mail(letter, MailStatus.AWAITING_APPROVAL)
    rows = FollowUp.objects.filter(pk=follow_up.pk, status=FollowUpStatus.WAITING, mail=None)
    if not rows.update(status=FollowUpStatus.WRITTEN, mail=mail):
        raise Discard("it was stopped meanwhile")
    follow_up.refresh_from_db()
    if rule.send and words.is_complete:
        releasing.release(mail, by_rule=True, hold=undo_seconds(follow_up.user_id))
    following = FollowUpRule.objects.filter(
        user_id=rule.user_id, stage=rule.stage, step=rule.step + 1, enabled=True
    ).first()
    if following:
        plan(follow_up.lead, following, clock.now())
    return follow_up
