"""What a message says, as part of another mail."""

from email_automation.models import Message
from email_automation.parsing.charsets import one_line
from email_automation.parsing.message import MAX_SUBJECT

MAX_QUOTED = 200_000  # characters


def forward_subject(subject: str) -> str:
    text = one_line(subject)
    return (text if text.lower().startswith(("fwd:", "fw:")) else f"Fwd: {text}".strip())[:MAX_SUBJECT]


def forwarded(message: Message, note: str, *, whole: bool) -> str:
    """A note, and below it the message with the lines of its head that matter.

    Args:
        whole: It goes along as it came, so that none of its attachments is missing.
    """
    names = [attachment.name or attachment.content_type for attachment in message.attachments.filter(inline=False)]
    head = {
        "From": message.sender,
        "Date": message.date.strftime("%a, %d %b %Y %H:%M %z") if message.date else "",
        "Subject": message.subject,
        "To": ", ".join(address for _, address in message.to),
        "Attachments left out": "" if whole else ", ".join(names),
    }
    lines = [f"{name}: {one_line(value)}" for name, value in head.items() if value]
    above = f"{note.strip()}\n\n" if note.strip() else ""
    return above + "\n".join(["---------- Forwarded message ----------", *lines, "", message.text[:MAX_QUOTED]])
