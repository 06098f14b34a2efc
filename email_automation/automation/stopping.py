"""When nobody waits to be followed up any more: they answered, moved on, or want no mail."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from crm.models import Lead
from email_automation.models import OPEN_FOLLOW_UPS, FollowUp, FollowUpStatus, Mailbox, Message, OutgoingMail
from email_automation.sending import outgoing
from jobs import context, services
from jobs.clock import Now
from jobs.errors import JobNotFound, WrongState

SKEW = timedelta(days=1)  # by which the clock of whoever answers may be wrong


def heard(mailbox: Mailbox, messages: Sequence[Message]) -> None:
    """Messages were just stored: whoever wrote one of them has answered. In the transaction that stores them."""
    people = [one for one in messages if not (one.is_own or one.automatic or one.unreadable_reason)]
    if not people:
        return
    addresses, threads = {one.from_address.lower() for one in people}, {one.thread_key for one in people}
    waiting = FollowUp.objects.filter(user_id=mailbox.user_id, status__in=OPEN_FOLLOW_UPS).select_related("lead")
    for follow_up in waiting.filter(Q(lead__email__in=addresses) | Q(thread__in=threads)):
        if any(_answers(one, follow_up) for one in people):
            stop(follow_up, "they answered")


def moved(leads: Iterable[Lead]) -> None:
    """Leads are in another stage: what was planned for the one before is off."""
    stages = {lead.pk: lead.stage for lead in leads}
    for follow_up in FollowUp.objects.filter(lead__in=stages, status__in=OPEN_FOLLOW_UPS):
        if follow_up.stage != stages[follow_up.lead_id]:
            stop(follow_up, f"the lead is {stages[follow_up.lead_id]}")


@transaction.atomic
def stop(follow_up: FollowUp, reason: str, *, by: str = "") -> bool:
    """Nobody is written to: its mail, unless it has gone, and its job end with it. Returns whether it was open."""
    rows = FollowUp.objects.filter(pk=follow_up.pk, status__in=OPEN_FOLLOW_UPS)
    if not rows.update(status=FollowUpStatus.STOPPED, reason=reason[:300], stopped_at=Now()):
        return False
    follow_up.refresh_from_db()
    job_ids = {follow_up.job_id}
    if follow_up.mail:
        job_ids.add(follow_up.mail.job_id)
        outgoing.skip(follow_up.mail, reason)
    running = context.current()
    for job_id in job_ids - {None, running.id if running else None}:
        _cancel(str(job_id), by, reason)
    return True


def why_stopped(follow_up: FollowUp) -> str:
    """Why this follow-up is not wanted now; empty while it is."""
    if follow_up.status == FollowUpStatus.STOPPED:
        return follow_up.reason
    if follow_up.lead.stage != follow_up.stage:
        return f"the lead is {follow_up.lead.stage}"
    return "they answered" if is_answered(follow_up) else ""


def why_no_follow_up(mail: OutgoingMail) -> str:
    """Looked at once more right before a mail goes: an answer may have come since it was written. Empty for others.

    Under the row's lock, which whoever stores an answer waits for: after that the mail is put aside, and handing it
    over finds it so.
    """
    with transaction.atomic():
        rows = FollowUp.objects.select_for_update(of=("self",)).select_related("lead", "mail")
        locked = rows.filter(mail=mail).first()
        reason = why_stopped(locked) if locked else ""
        if locked and reason:
            stop(locked, reason)
    return reason


def is_answered(follow_up: FollowUp) -> bool:
    """Has the lead, or somebody in their thread, written since it was planned?"""
    written = Message.objects.filter(mailbox__user_id=follow_up.user_id, is_own=False, automatic="")
    theirs = Q(from_address__iexact=follow_up.lead.email)
    if follow_up.thread:
        theirs |= Q(thread_key=follow_up.thread)
    since = Q(pk__gt=follow_up.message_id) if follow_up.message_id else Q(stored_at__gt=follow_up.created_at)
    return written.filter(theirs, since, Q(date=None) | Q(date__gt=follow_up.since - SKEW)).exists()


def _cancel(job_id: str, by: str, reason: str) -> None:
    """Tidiness: a job that runs on finds the rows as they are now."""
    try:
        services.cancel(job_id, by=by, reason=reason)
    except (JobNotFound, WrongState):
        return


def _answers(message: Message, follow_up: FollowUp) -> bool:
    """Just stored; what a first sync finds of years ago is no answer."""
    theirs = message.from_address.lower() == follow_up.lead.email or message.thread_key == follow_up.thread
    return theirs and (message.date is None or message.date > follow_up.since - SKEW)
