"""What may be asked of a mailbox about one of its messages."""

from email_automation import mailbox_actions
from email_automation.models import Author, MailKind, Message
from email_automation.sending import forwarding, releasing
from email_automation.sending.letters import Letter
from email_automation.sending.quoting import forward_subject, forwarded
from email_automation.sending.recipients import BadMailError
from email_automation.services.sending import reply
from jobs import services
from jobs.models import Job


def act_on(message: Message, action: str, value: str = "", text: str = "") -> Job:
    """Any of what may be done with a message, by its name: those of `act_in_mailbox`, `forward` and `reply`.

    Raises:
        Refused: naming the field; it can never be done.
        BadMailError: naming the field of the mail and what is wrong with it.
    """
    match action:
        case "forward":
            return forward(message, value, text)
        case "reply":
            if not text.strip():
                raise BadMailError("text", "is empty. Give the words of the reply.")
            return reply(message, text)
        case _:
            return act_in_mailbox(message, action, value)


def act_in_mailbox(message: Message, action: str, value: str = "") -> Job:
    """Enqueue an action on a message where it lies: mark_read, mark_unread, archive, add_label, remove_label.

    Args:
        value: The label, where it is about one.

    Raises:
        Refused: naming the field; it can never be done.
    """
    mailbox_actions.check(message, action, value)
    arguments = {"message_id": message.pk, "action": action, "value": value}
    return services.enqueue("mailbox_action", arguments, owner_id=message.mailbox.user_id)


def forward(message: Message, to: str, note: str = "") -> Job:
    """Send somebody a message, with a note and its words above it, as its mailbox's owner.

    It is attached as it came, unless it is too large or gone at its provider.

    Raises:
        BadMailError: naming the field and what is wrong with it.
    """
    user_id = message.mailbox.user_id
    letter = Letter(
        to=to,
        subject=forward_subject(message.subject),
        body=forwarded(message, note, whole=forwarding.fits(message)),
        kind=MailKind.TRANSACTIONAL,
        author=Author.PERSON,
        user_id=user_id,
        forwards=message,
    )
    return releasing.send(letter, by_id=user_id)
