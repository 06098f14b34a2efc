"""What may be asked of a model."""

from email_automation.automation.permission import why_never_answered
from email_automation.models import Message
from jobs import services
from jobs.errors import Refused
from jobs.models import Job
from jobs.models.job import new_id

MAX_PROMPT = 20_000  # characters


def ask_ai(prompt: str, *, user_id: int) -> Job:
    """Enqueue a prompt.

    Raises:
        Refused: it is empty or too long.
    """
    if not 0 < len(prompt.strip()) <= MAX_PROMPT:
        raise Refused(f"prompt has to be 1 to {MAX_PROMPT:,} characters.", field="prompt")
    return services.enqueue("process_ai_request", {"prompt": prompt, "user_id": user_id})


def classify_again(message: Message) -> Job:
    """Have a message read once more; the new answer becomes the current one.

    Raises:
        Refused: it is unreadable.
    """
    if message.unreadable_reason:
        raise Refused("An unreadable message cannot be classified.", field="message")
    return _enqueue("classify_message", message, {"again": True})


def draft_reply(message: Message) -> Job:
    """Have a reply drafted.

    Raises:
        Refused: the message is one that is never answered.
    """
    if reason := why_never_answered(message):
        raise Refused(f"This message is never answered: {reason}.", field="message")
    return _enqueue("draft_reply", message, {})


def summarise(message: Message) -> Job:
    """Have a message summarised."""
    return _enqueue("summarise_message", message, {})


def _enqueue(task: str, message: Message, more: dict[str, object]) -> Job:
    job_id = new_id()
    return services.enqueue(task, {"message_id": message.pk, **more}, job_id=job_id, owner_id=message.mailbox.user_id)
