"""What may happen without a person: nothing that the user did not switch on, and nothing while a switch says stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from crm.models import Contact
from email_automation.automation import limits, stopping
from email_automation.automation.limits import Kind, Wish
from email_automation.automation.rules import Do, actions
from email_automation.models import Author, AutomationSetting, KillSwitch, MailKind, Message, OutgoingMail, RuleMatch
from email_automation.parsing.automatic import is_no_reply

SIMPLE = "setting:"  # how the keys of rules begin that are no rows
FRESH = timedelta(minutes=5)
RECENT = timedelta(days=7)  # older mail is not answered by itself: a first sync brings years of it


def stopped_because(user_id: int | None) -> str:
    """Why no mail may go out now; empty where it may."""
    if settings.MAIL_KILL_SWITCH:
        return "sending is stopped for all (MAIL_KILL_SWITCH)"
    switch = KillSwitch.objects.filter(sending_stopped=True).first()
    if switch:
        return f"sending is stopped for all{': ' if switch.reason else ''}{switch.reason}"
    if user_id and AutomationSetting.objects.filter(user_id=user_id, sending_stopped=True).exists():
        return "sending is stopped for this user"
    return ""


@dataclass(frozen=True)
class Objection:
    """`code` is a stable word for programs; `text` names the remedy where there is one. `passes`: perhaps soon."""

    code: str
    text: str
    passes: bool = False


def forbids(mail: OutgoingMail) -> Objection | None:
    """What speaks against sending a mail now. Asked right before each time that one leaves, whoever wrote it."""
    if reason := stopped_because(mail.user_id):
        return Objection("SENDING_STOPPED", f"{reason}. Allow it in the admin, then run the job again")
    if mail.answers and (reason := why_never_answered(mail.answers)):
        return Objection("NEVER_ANSWERED", f"it answers a message that is never answered: {reason}")
    if mail.author in (Author.MODEL, Author.RULE) and _strangers(mail):
        text = (
            "what a model or a rule wrote goes to the user's own contacts only. Add the recipient in the CRM, then run"
        )
        # Whoever has just written for the first time becomes a contact in a job of its own.
        return Objection("NOT_A_CONTACT", f"{text} the job again", passes=mail.created_at > timezone.now() - FRESH)
    return None


def why_never_answered(message: Message) -> str:
    """Why nobody, neither a rule nor a person, gets a reply to this message drafted; empty where one may."""
    recipient = message.answer_address
    if message.unreadable_reason:
        return "it is unreadable"
    if message.automatic:
        return f"it is automatic: {message.automatic}"
    if message.is_own or message.mailbox.is_own(recipient):
        return "it is the user's own mail"
    if not recipient:
        return "it has no address to answer to"
    if is_no_reply(recipient):
        return "nobody reads its address"
    current = message.classifications.filter(is_current=True).first()
    if current and (current.is_spam or current.is_automatic):
        return "it is spam" if current.is_spam else "it is automatic, says its classification"
    return ""


def why_no_mail(message: Message) -> str:
    """Why this message moves no rule to write mail; empty where it may. What a person asks for is another matter."""
    if message.date is None:
        return "it does not say when it was written"
    if message.date < message.mailbox.connected_since:
        return "it is older than the mailbox's connection"
    if message.date < timezone.now() - RECENT:
        return f"it is older than {RECENT.days} days"
    return ""


def why_not_sent(mail: OutgoingMail) -> str:
    """To be asked before each handing over of a mail: why it must not go any more; empty where it may, once a place
    within the limits is taken for what no person has released.

    Raises:
        Snooze: too much was sent for this user just now; costs no attempt.
    """
    if reason := stopped_because(mail.user_id):
        return reason
    if reason := stopping.why_no_follow_up(mail):
        return reason
    if not mail.released_by_rule or mail.user_id is None:
        return ""
    return limits.take(Wish(mail.user_id, _kind(mail), f"mail:{mail.pk}", mail.to[0] if mail.to else ""))


def why_not_done(user_id: int, key: str) -> str:
    """As `why_not_sent`, of something else that a rule has done: a label in the mailbox, say. `key` names it."""
    return stopped_because(user_id) or limits.take(Wish(user_id, Kind.MAILBOX, key))


def may_send(match: RuleMatch) -> bool:
    """Does this rule, still switched on, send what was written for it? Where a person had it run, a person approves."""
    user_id = match.message.mailbox.user_id
    if match.asked_by_id is not None or stopped_because(user_id) or why_no_mail(match.message):
        return False
    if not any(action.do is Do.SEND_REPLY for action in actions(match.then)):
        return False
    if match.rule is not None:
        return match.rule.enabled
    simple = AutomationSetting.objects.filter(user_id=user_id, draft_replies=True, release_replies=True)
    return match.key.startswith(SIMPLE) and simple.exists()


def undo_seconds(user_id: int) -> int:
    """How long what goes without a person can be taken back."""
    setting = AutomationSetting.objects.filter(user_id=user_id).first() or AutomationSetting()
    return int(setting.undo_seconds)


def _strangers(mail: OutgoingMail) -> Sequence[str]:
    """Recipients who are no contacts of the mail's user. The model may say what it likes: it does not say to whom."""
    if mail.user_id is None:
        return list(mail.to)
    contacts = Contact.objects.filter(user_id=mail.user_id, email__in=[address.lower() for address in mail.to])
    known = set(contacts.values_list("email", flat=True))
    return [address for address in mail.to if address.lower() not in known]


def _kind(mail: OutgoingMail) -> Kind:
    return {MailKind.REPLY: Kind.REPLY, MailKind.FOLLOW_UP: Kind.FOLLOW_UP}.get(MailKind(mail.kind), Kind.NOTICE)
