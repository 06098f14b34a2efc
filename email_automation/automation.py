"""What may happen without a person: nothing that the user did not switch on, and nothing while a switch says stop."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from email_automation.models import AutomationSetting, Classification, KillSwitch, Message, OutgoingMail
from email_automation.parsing.automatic import is_no_reply

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


def wants_draft(message: Message) -> bool:
    """Has the user asked for drafts, and is this message one to draft for?"""
    setting = _setting(message)
    recent = message.date is not None and message.date > timezone.now() - RECENT
    return bool(setting and setting.draft_replies and recent and not why_never_answered(message))


def may_release(draft: OutgoingMail) -> bool:
    """Does a rule that the user switched on send this draft without a person?"""
    message = draft.answers
    setting = _setting(message) if message else None
    if message is None or setting is None or not (setting.draft_replies and setting.release_replies):
        return False
    current = message.classifications.filter(is_current=True).first()
    return bool(
        current
        and not stopped_because(draft.user_id)
        and not why_never_answered(message)
        and _is_sure(current, setting)
        and wants_draft(message)
    )


def _is_sure(current: Classification, setting: AutomationSetting) -> bool:
    return (
        current.intent in setting.release_intents
        and current.confidence >= setting.release_confidence
        and not current.needs_review
    )


def _setting(message: Message) -> AutomationSetting | None:
    return AutomationSetting.objects.filter(user_id=message.mailbox.user_id).first()
