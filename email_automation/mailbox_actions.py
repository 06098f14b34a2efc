"""An action in a mailbox: done at its provider, then noted here."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from django.db import transaction

from email_automation.automation.permission import stopped_because, why_not_done
from email_automation.gmail import GmailError
from email_automation.mailboxes import Changed, MailboxError
from email_automation.mailboxes.actions import MailboxActions, MessageGoneError, State
from email_automation.models import Copy, Message
from email_automation.syncing import following
from email_automation.syncing.runs import PROVIDERS
from email_automation.syncing.sources import READ_ONLY, open_actions
from jobs import context, effects
from jobs.effects import Doubt, Receipt, SurelyNot
from jobs.errors import Discard, Fail, Refused

MAX_LABEL = 225  # characters, Gmail's limit
SECONDS = 60.0  # that an action may take


class Do(StrEnum):
    """What may be done to a message where it lies."""

    MARK_READ = "mark_read"
    MARK_UNREAD = "mark_unread"
    ADD_LABEL = "add_label"
    REMOVE_LABEL = "remove_label"
    ARCHIVE = "archive"
    MARK_ANSWERED = "mark_answered"
    MARK_FORWARDED = "mark_forwarded"


LABELLING = (Do.ADD_LABEL, Do.REMOVE_LABEL)


def check(message: Message, action: str, value: str) -> None:
    """Raises Refused where this can never be done, naming the field."""
    if action not in set(Do):
        raise Refused(f"action has to be one of {', '.join(Do)}.", field="action")
    if action in LABELLING and not (0 < len(value) <= MAX_LABEL and value.isprintable() and value == value.strip()):
        raise Refused(f"value has to be a label: 1 to {MAX_LABEL} printable characters.", field="value")
    if action not in LABELLING and value:
        raise Refused(f"{action} takes no value.", field="value")
    if message.mailbox.kind not in PROVIDERS:
        raise Refused(READ_ONLY, field="message")
    if message.gone_at:
        raise Refused("Its provider has this message no more.", field="message", code=MessageGoneError.code)


def act(message_id: int, action: str, value: str = "", match_id: int | None = None) -> Message:
    """Do it to every copy of the message, once.

    Args:
        match_id: The rule's match that asked for it; then it counts among what may happen without a person.

    Raises:
        Fail: it is not allowed, or cannot be done.
        Discard: the message is gone.
    """
    message = Message.objects.select_related("mailbox__user").filter(pk=message_id).first()
    if message is None:
        raise Discard("the message was removed")
    _check(message, action, value, match_id)
    try:
        with open_actions(message.mailbox) as provider:
            for copy in list(message.copies.order_by("pk")):
                _note(copy, _once(provider, copy, Do(action), value))
    except MessageGoneError as error:
        raise Discard(str(error)) from None
    except MailboxError as error:
        raise Fail(str(error), code=error.code) from None
    message.refresh_from_db()
    return message


def _check(message: Message, action: str, value: str, match_id: int | None) -> None:
    user_id = message.mailbox.user_id
    try:
        check(message, action, value)
    except Refused as refused:
        raise Fail(str(refused), code=refused.code) from None
    key = f"match:{match_id}:{action}:{value}"
    if reason := why_not_done(user_id, key) if match_id else stopped_because(user_id):
        raise Fail(f"Not done: {reason}.", code="SENDING_STOPPED")


def _once(provider: MailboxActions, copy: Copy, action: Do, value: str) -> Mapping[str, Any]:
    """What the provider said, in this attempt or in an earlier one that did not come to note it."""

    def do() -> Receipt:
        try:
            state = _DOINGS[action](provider, copy.provider_id, value)
        except (GmailError, MailboxError) as error:
            raise SurelyNot from error  # or it was, which makes no difference: twice is as good as once
        return Receipt(copy.provider_id, _detail(state))

    running = context.current()
    if running is None:
        return do().detail
    return effects.once(
        f"{action}:{running.id}:{copy.pk}", kind="mailbox", do=do, resolve=lambda _: Doubt.SURELY_NOT, seconds=SECONDS
    ).detail


_DOINGS: Mapping[Do, Callable[[MailboxActions, str, str], State]] = {
    Do.MARK_READ: lambda provider, message, _: provider.mark_read(message),
    Do.MARK_UNREAD: lambda provider, message, _: provider.mark_unread(message),
    Do.ADD_LABEL: lambda provider, message, label: provider.add_label(message, label),
    Do.REMOVE_LABEL: lambda provider, message, label: provider.remove_label(message, label),
    Do.ARCHIVE: lambda provider, message, _: provider.archive(message),
    Do.MARK_ANSWERED: lambda provider, message, _: provider.mark_answered(message),
    Do.MARK_FORWARDED: lambda provider, message, _: provider.mark_forwarded(message),
}


def _detail(state: State) -> dict[str, Any]:
    told = {"labels": state.labels, "flags": state.flags, "provider_id": state.provider_id or None}
    return {name: value for name, value in told.items() if value is not None}


@transaction.atomic
def _note(copy: Copy, told: Mapping[str, Any]) -> None:
    """As the next sync would say it."""
    labels, flags = told.get("labels"), told.get("flags")
    following.relabel(copy.mailbox, [Changed(copy.provider_id, {}, labels, flags)])
    if name := told.get("provider_id"):
        following.moved(copy, str(name))
