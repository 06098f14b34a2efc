"""Messages as rows, with what can be understood of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from email_automation.mailboxes import RawMessage
from email_automation.models import Attachment, Mailbox, Message, MessageHtml, SyncRun
from email_automation.parsing import Address, ParsedMessage, Unreadable, parse
from email_automation.parsing.message import MAX_LABELS

OWN_LABELS = {"sent", "sent mail", "sent items", "sent messages", "gesendet", "drafts", "draft", "entwürfe"}
MAX_REASON = 300


@dataclass(slots=True)
class Rows:
    """What is stored of one message, not saved yet."""

    message: Message
    attachments: list[Attachment] = field(default_factory=list)
    html: list[MessageHtml] = field(default_factory=list)
    """One, or none."""


def rows_of(raw: RawMessage, mailbox: Mailbox, run: SyncRun) -> Rows:
    """A message with what can be understood of it."""
    row = Message(
        mailbox=mailbox,
        sync_run=run,
        digest=raw.digest,
        size=raw.size,
        flags=list(raw.flags),
        labels=list(raw.labels),
        provider_thread=raw.provider_thread,
        stored_at=timezone.now(),
    )
    parsed = Unreadable(raw.problem, "") if raw.problem else parse(raw.raw, truncated=raw.truncated)
    if isinstance(parsed, Unreadable):
        row.unreadable_reason = parsed.reason[:MAX_REASON]
        row.text = parsed.text
        row.thread_key = f"digest:{raw.digest}"
        return Rows(row)
    _fill(row, parsed)
    row.thread_key = parsed.thread_key or f"digest:{raw.digest}"
    row.is_own = mailbox.is_own(parsed.from_address) or _is_outgoing(row)
    html = [MessageHtml(message=row, source=parsed.html)] if parsed.html else []
    return Rows(row, _attachments(row, parsed), html)


def _attachments(row: Message, parsed: ParsedMessage) -> list[Attachment]:
    return [
        Attachment(
            message=row,
            name=attachment.name,
            content_type=attachment.content_type,
            size=attachment.size,
            content_id=attachment.content_id,
            inline=attachment.inline,
        )
        for attachment in parsed.attachments
    ]


def _fill(row: Message, parsed: ParsedMessage) -> None:
    row.message_id = parsed.message_id
    row.in_reply_to = parsed.in_reply_to
    row.references = list(parsed.references)
    row.subject = parsed.subject
    row.from_name = parsed.from_name
    row.from_address = parsed.from_address
    row.to = _pairs(parsed.to)
    row.cc = _pairs(parsed.cc)
    row.reply_to = _pairs(parsed.reply_to)
    row.date = parsed.date
    row.text = parsed.text
    row.has_html = parsed.has_html
    row.language = parsed.language
    row.headers = parsed.headers
    row.labels = list(dict.fromkeys([*row.labels, *parsed.labels]))[:MAX_LABELS]
    row.attachment_count = len(parsed.attachments)
    row.automatic = parsed.automatic
    row.problems = [problem.value for problem in parsed.problems]


def _pairs(addresses: Sequence[Address]) -> list[list[str]]:
    return [[one.name, one.address] for one in addresses]


def _is_outgoing(row: Message) -> bool:
    return "draft" in row.flags or any(label.rpartition("/")[2].lower() in OWN_LABELS for label in row.labels)
