"""What a bounce or a complaint says, as values. It is written by strangers: nothing of it is believed by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message

import flufl.bounce

READ = 100_000  # bytes: what a report says of itself stands before the mail that came back
MAX_IDS = 20
SAID = 200  # characters
_ID = re.compile(rb"<([^<>\s@]{1,200}@[^<>\s@]{1,200})>")
_ID_HEADERS = re.compile(rb"^(?:message-id|in-reply-to|references):((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


@dataclass
class Report:
    """`failed`, `delayed`: addresses in lower case, and what was said of each. `ids`: of the mail it may be about."""

    failed: dict[str, str] = field(default_factory=dict)
    delayed: dict[str, str] = field(default_factory=dict)
    complained: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)


def read(raw: bytes) -> Report:
    """What a report says. It never raises: a mail that no reader understands, or that is nested too deep for one, says
    nothing."""
    raw = raw[:READ]
    report = Report(ids=_ids(raw))
    with suppress(RecursionError):
        _read(message_from_bytes(raw, policy=policy.compat32), report)
    return report


def _read(mail: Message, report: Report) -> None:
    for part in mail.walk():
        match part.get_content_type():
            case "message/delivery-status":
                _read_status(part, report)
            case "message/feedback-report":
                report.complained |= set(_complaint(part))
    if not (report.failed or report.delayed or report.complained):
        _guess(mail, report)


def _read_status(part: Message, report: Report) -> None:
    """RFC 3464: a block for each recipient."""
    for block in _blocks(part):
        address = _address(block.get("Original-Recipient") or "") or _address(block.get("Final-Recipient") or "")
        action = str(block.get("Action") or "").strip().lower()
        status = str(block.get("Status") or "").strip()[:20]
        said = " ".join(f"{status} {block.get('Diagnostic-Code') or ''}".split())[:SAID]
        if address and action == "failed" and not status.startswith("4"):
            report.failed[address] = said
        elif address and action in ("failed", "delayed"):
            report.delayed[address] = said


def _complaint(part: Message) -> Iterator[str]:
    """RFC 5965: somebody pressed "this is spam"."""
    for block in _blocks(part):
        for value in block.get_all("Original-Rcpt-To", []):
            if address := _address(f"rfc822; {value}"):
                yield address


def _guess(mail: Message, report: Report) -> None:
    """Bounces of servers that know no RFC."""
    try:
        delayed, failed = flufl.bounce.all_failures(mail)
    except (AttributeError, LookupError, TypeError, ValueError):  # its detectors trip over hostile mail
        return
    report.failed |= dict.fromkeys((_text(one) for one in failed), "")
    report.delayed |= dict.fromkeys((_text(one) for one in delayed), "")


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)]
    text = part.get_payload(decode=True)
    if not isinstance(text, bytes):
        return []
    return [message_from_bytes(block, policy=policy.compat32) for block in re.split(rb"\r?\n\r?\n", text) if block]


def _ids(raw: bytes) -> list[str]:
    """Every Message-ID that it names, its own too, those of the mail that came back last."""
    found = [one for header in _ID_HEADERS.finditer(raw) for one in _ID.findall(header[1])]
    return list(dict.fromkeys(one.decode("ascii", "replace") for one in reversed(found)))[:MAX_IDS]


def _address(value: str) -> str:
    kind, found, address = str(value).partition(";")
    if not found or kind.strip().lower() not in ("rfc822", "utf-8"):
        return ""
    return address.strip().strip("<>").lower()[:320]


def _text(address: bytes | str) -> str:
    text = address.decode("utf-8", "replace") if isinstance(address, bytes) else address
    return text.strip().strip("<>").lower()
