"""Which conversation a message belongs to."""

import hashlib
import re

from email_automation.parsing.message import MAX_ID, MAX_REFERENCES, MAX_THREAD_KEY

_ID = re.compile(r"<([^<>\s]{1,998})>")
_BARE = re.compile(r"[^\s<>,;]{3,998}")


def message_ids(value: str) -> tuple[str, ...]:
    """The ids in a Message-ID, In-Reply-To or References header. Of too many, the first and the latest are kept."""
    found = [one[:MAX_ID] for one in _ID.findall(value) if one]
    if len(found) > MAX_REFERENCES:
        return (found[0], *found[1 - MAX_REFERENCES :])
    return tuple(found)


def message_id(value: str) -> str:
    """One id; also one that lost its angle brackets."""
    if found := message_ids(value):
        return found[0]
    bare = _BARE.search(value)
    return bare[0][:MAX_ID] if bare and "@" in bare[0] else ""


def thread_key(google: str, references: tuple[str, ...], in_reply_to: str, own_id: str) -> str:
    """The conversation's name: Google's own, else the id of the message that began it; empty where nothing tells."""
    if google.isdigit():
        return f"google:{google}"[:MAX_THREAD_KEY]
    first = references[0] if references else in_reply_to or own_id
    if not first:
        return ""
    key = f"id:{first}"
    return key if len(key) <= MAX_THREAD_KEY else f"sha256:{hashlib.sha256(first.encode()).hexdigest()}"
