"""One message, from bytes to values."""

import re
from datetime import datetime

from email_automation.mailboxes.headerlines import has_mail_header
from email_automation.parsing import automatic
from email_automation.parsing.addresses import parse_address, parse_addresses
from email_automation.parsing.bodies import read_body
from email_automation.parsing.charsets import clean, decode, one_line
from email_automation.parsing.dates import parse_date, received_date
from email_automation.parsing.headers import Headers, split_headers
from email_automation.parsing.message import (
    MAX_LABEL,
    MAX_LABELS,
    MAX_RECIPIENTS,
    MAX_SUBJECT,
    Address,
    ParsedMessage,
    Problem,
    Unreadable,
)
from email_automation.parsing.mime import Parser
from email_automation.parsing.threads import message_id, message_ids, thread_key

MAX_EXCERPT = 2000  # characters kept of what is no message
MAX_KEPT_HEADER = 500
KEPT_HEADERS = (
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "auto-submitted",
    "precedence",
    "x-autoreply",
    "x-auto-response-suppress",
    "x-failed-recipients",
    "return-path",
    "sender",
    "importance",
    "x-priority",
    "user-agent",
    "x-mailer",
    "x-spam-flag",
    "x-spam-status",
    "delivered-to",
    "authentication-results",
)
_BOM = b"\xef\xbb\xbf"
_FROM_LINE = re.compile(rb"\AFrom [^\n]*\n")


def parse(raw: bytes, *, truncated: bool = False) -> ParsedMessage | Unreadable:
    """Whatever the bytes are, this answers: with what can be understood and the problems met on the way, or with
    why they are no message."""
    raw = raw.removeprefix(_BOM).lstrip(b"\r\n")
    if b"\n" not in raw[:100_000]:
        raw = raw.replace(b"\r", b"\n")  # line ends of old Macs
    raw = _FROM_LINE.sub(b"", raw, count=1)
    if reason := _why_unreadable(raw):
        return Unreadable(reason, clean(decode(raw[: 2 * MAX_EXCERPT])[0])[:MAX_EXCERPT].strip())
    headers, start = split_headers(raw)
    parser = Parser()
    root = parser.part(headers, raw[start:])
    body = read_body(root)
    problems = headers.problems | parser.problems | body.problems
    problems |= {Problem.TRUNCATED} if truncated else set()
    problems |= {Problem.NUL_BYTES} if b"\0" in raw else set()
    sender = _sender(headers, problems)
    own_id = message_id(headers.as_written("message-id"))
    in_reply_to = message_id(headers.as_written("in-reply-to"))
    references = message_ids(headers.as_written("references"))
    if not own_id:
        problems.add(Problem.NO_MESSAGE_ID)
    return ParsedMessage(
        message_id=one_line(own_id),
        in_reply_to=one_line(in_reply_to),
        references=tuple(one_line(one) for one in references),
        subject=headers.text("subject")[:MAX_SUBJECT],
        sender=sender,
        to=_recipients(headers, "to", problems),
        cc=_recipients(headers, "cc", problems),
        reply_to=_recipients(headers, "reply-to", problems),
        date=_date(headers, problems),
        text=body.text,
        has_html=body.has_html,
        html=body.html,
        language=headers.text("content-language")[:20].lower(),
        headers={name: headers.text(name)[:MAX_KEPT_HEADER] for name in KEPT_HEADERS if name in headers},
        labels=_labels(headers.text("x-gmail-labels")),
        thread_key=one_line(thread_key(headers.text("x-gm-thrid"), references, in_reply_to, own_id)),
        attachments=tuple(body.attachments),
        automatic=automatic.reason_for(headers, sender.address),
        problems=tuple(sorted(problems)),
    )


def _why_unreadable(raw: bytes) -> str:
    if not raw.strip():
        return "it is empty"
    if not has_mail_header(raw):
        return "it is binary" if b"\0" in raw[:2000] else "it has none of the headers of a mail"
    return ""


def _sender(headers: Headers, problems: set[Problem]) -> Address:
    written = headers.as_written("from") or headers.as_written("sender")
    if not headers.raw("from"):
        problems.add(Problem.NO_FROM)
    if not written:
        return Address("", "")
    found = parse_addresses(written)
    if not found:
        problems.add(Problem.BAD_FROM)
    return found[0] if found else parse_address(written[:1000])


def _recipients(headers: Headers, name: str, problems: set[Problem]) -> tuple[Address, ...]:
    written = headers.as_written(name)
    found = parse_addresses(written) if written else ()
    if len(found) >= MAX_RECIPIENTS and written.count("@") > MAX_RECIPIENTS:
        problems.add(Problem.TOO_MANY_RECIPIENTS)
    return found


def _date(headers: Headers, problems: set[Problem]) -> datetime | None:
    date = parse_date(headers.text("date"))
    if date is None:
        problems.add(Problem.BAD_DATE if headers.raw("date") else Problem.NO_DATE)
        date = received_date(headers.text("received"))
    return date


def _labels(text: str) -> tuple[str, ...]:
    found = (label.strip().strip('"')[:MAX_LABEL] for label in text.split(","))
    return tuple(dict.fromkeys(label for label in found if label))[:MAX_LABELS]
