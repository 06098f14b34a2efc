"""A message that was answered or forwarded says so at its provider, as mail programs have it."""

from email_automation.models import AccountState, MailboxKind, MailStatus, Message, OutgoingMail
from jobs import services


def mark(mail: OutgoingMail) -> None:
    """Have what a mail answers and forwards marked once it went, with the caller's transaction.

    Gmail's API knows no such marks: it shows the thread.
    """
    if mail.status != MailStatus.SENT:
        return
    for message, action in ((mail.answers, "mark_answered"), (mail.forwards, "mark_forwarded")):
        if message is not None and _keeps_marks(message):
            arguments = {"message_id": message.pk, "action": action}
            owner_id = message.mailbox.user_id
            services.enqueue("mailbox_action", arguments, key=f"{action}:{mail.pk}", owner_id=owner_id)


def _keeps_marks(message: Message) -> bool:
    account = getattr(message.mailbox, "account", None)
    is_connected = account is not None and account.state != AccountState.DISCONNECTED
    return is_connected and message.mailbox.kind == MailboxKind.IMAP and message.gone_at is None
