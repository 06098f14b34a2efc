"""What a rule does, each as a job, or why it is left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from email_automation import mailbox_actions
from email_automation.automation.permission import why_never_answered, why_no_mail
from email_automation.automation.rules import REPLIES, Action, Do, Facts
from email_automation.models import Author, Classification, MailKind, Message, RuleMatch
from email_automation.reading.people import deserves_lead
from email_automation.sending import releasing
from email_automation.sending.letters import Letter
from email_automation.sending.recipients import BadMailError
from jobs import context, services
from jobs.errors import Refused
from jobs.models import Job


@dataclass(frozen=True)
class Found:
    """A message with all that rules ask of it. `asked_by`: the person who had the rules run, if one did."""

    message: Message
    classification: Classification
    facts: Facts
    asked_by: int | None = None


class LeftOut(Exception):
    """The action is not done; the text says why."""


def carry_out(action: Action, number: int, match: RuleMatch, found: Found) -> dict[str, str]:
    """Enqueue what an action asks for. Gives the job's id, or the reason why there is none."""
    try:
        job = DOINGS[action.do](action, f"rule:{match.pk}:{number}", match, found)
    except LeftOut as left:
        return {"do": str(action), "left_out": str(left)}
    return {"do": str(action), "job": str(job.pk)} if job else {"do": str(action)}


def _reply(action: Action, key: str, match: RuleMatch, found: Found) -> Job:
    message = found.message
    _check_mail(found)
    if not deserves_lead(message, found.classification):
        raise LeftOut("no person wrote it")
    if reason := why_never_answered(message):
        raise LeftOut(reason)
    if _is_answered_by_rule(message):
        raise LeftOut("an earlier rule answers it")
    arguments = {"message_id": message.pk, "match_id": match.pk}
    return _enqueue("draft_reply", arguments, key, found)


def _escalate(action: Action, key: str, match: RuleMatch, found: Found) -> Job:
    """Tell somebody by mail, in our own words: what a stranger wrote is not passed on but for the subject."""
    _check_mail(found)
    message = found.message
    intent, urgency = found.classification.intent.replace("_", " "), found.classification.urgency
    letter = Letter(
        to=_address(action.value),
        subject=f"Please look: {message.subject or 'a message'}"[:200],
        body=f"{message.sender} wrote to {message.mailbox.name}: {message.subject or '(no subject)'}\n\n"
        f"It is about: {intent}. Urgency: {urgency}.\n"
        f"Message {message.pk}, by your rule “{match.name}”.\n",
        kind=MailKind.NOTIFICATION,
        author=Author.PRODUCT,
        user_id=message.mailbox.user_id,
    )
    try:
        return releasing.send(letter, by_rule=True)
    except BadMailError as error:
        raise LeftOut(str(error)) from None


def _lead(action: Action, key: str, match: RuleMatch, found: Found) -> Job:
    """In the rule's name, not the message's: there will be a lead, and a stage that is named is taken."""
    message = found.message
    if not deserves_lead(message, found.classification):
        raise LeftOut("no person wrote it")
    known = {"user_id": message.mailbox.user_id, "email": message.from_address, "activity": f"Rule: {match.name}"}
    stage = {"stage": action.value} if action.do is Do.STAGE else {}
    return _enqueue("update_crm", {"lead_data": {**known, **stage}}, key, found)


def _summarise(action: Action, key: str, match: RuleMatch, found: Found) -> Job:
    return _enqueue("summarise_message", {"message_id": found.message.pk}, key, found)


def _in_mailbox(action: Action, key: str, match: RuleMatch, found: Found) -> Job:
    does = {Do.LABEL: "add_label", Do.ARCHIVE: "archive", Do.MARK_READ: "mark_read"}[action.do]
    arguments = {"message_id": found.message.pk, "action": does, "value": action.value, "match_id": match.pk}
    try:
        mailbox_actions.check(found.message, does, action.value)
    except Refused as refused:
        raise LeftOut(str(refused)) from None
    return _enqueue("mailbox_action", arguments, key, found)


def _nothing(action: Action, key: str, match: RuleMatch, found: Found) -> None:
    return None


DOINGS: Mapping[Do, Callable[[Action, str, RuleMatch, Found], Job | None]] = {
    Do.DRAFT_REPLY: _reply,
    Do.SEND_REPLY: _reply,
    Do.ESCALATE: _escalate,
    Do.LEAD: _lead,
    Do.STAGE: _lead,
    Do.SUMMARISE: _summarise,
    Do.LABEL: _in_mailbox,
    Do.ARCHIVE: _in_mailbox,
    Do.MARK_READ: _in_mailbox,
    Do.NOTHING: _nothing,
}


def _check_mail(found: Found) -> None:
    """A person may have a reply to old mail drafted; by itself none is."""
    if found.asked_by is None and (reason := why_no_mail(found.message)):
        raise LeftOut(reason)


def _is_answered_by_rule(message: Message) -> bool:
    outcomes = message.rule_matches.values_list("outcomes", flat=True)
    replies = {str(do) for do in REPLIES}
    return any(one["do"] in replies and "job" in one for each in outcomes for one in each)


def _address(value: str) -> str:
    """Of a user by name, or as given."""
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: value}).first()
    address = str(getattr(user, "email", "")) if user else value
    if "@" not in address:
        raise LeftOut(f"{value} is no address, nor a user who has one")
    return address


def _enqueue(task: str, arguments: Mapping[str, object], key: str, found: Found) -> Job:
    owner_id, batch_id = found.message.mailbox.user_id, context.batch_id()
    return services.enqueue(task, arguments, key=key, owner_id=owner_id, batch_id=batch_id)
