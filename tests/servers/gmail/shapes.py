"""A message as Gmail writes it, in each of its four formats."""

import base64
from email.message import EmailMessage
from typing import Any

from tests.servers.gmail.box import Box, Held


def message(held: Held, form: str = "full", headers: list[str] | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": held.id,
        "threadId": held.thread,
        "labelIds": sorted(held.labels),
        "snippet": "",
        "historyId": str(held.history_id),
        "internalDate": str(held.date),
        "sizeEstimate": len(held.raw),
    }
    match form:
        case "minimal":
            return shown
        case "raw":
            return shown | {"raw": base64.urlsafe_b64encode(held.raw).decode()}
        case "metadata":
            return shown | {"payload": {"mimeType": held.mail.get_content_type(), "headers": _headers(held, headers)}}
        case _:
            return shown | {"payload": _part(held.mail, "")}


def bare(held: Held) -> dict[str, Any]:
    return {"id": held.id, "threadId": held.thread}


def draft(box: Box, draft_id: str, form: str = "full") -> dict[str, Any]:
    return {"id": draft_id, "message": message(box.draft(draft_id), form)}


def label(label_id: str, name: str) -> dict[str, Any]:
    kind = "system" if label_id == name else "user"
    return {"id": label_id, "name": name, "type": kind}


def _headers(held: Held, wanted: list[str] | None) -> list[dict[str, str]]:
    names = {name.lower() for name in wanted or []}
    return [{"name": k, "value": str(v)} for k, v in held.mail.items() if not names or k.lower() in names]


def _part(part: EmailMessage, part_id: str) -> dict[str, Any]:
    """A part and those inside it. Small content comes with it, an attachment by its own call."""
    shown: dict[str, Any] = {
        "partId": part_id,
        "mimeType": part.get_content_type(),
        "filename": part.get_filename() or "",
        "headers": [{"name": k, "value": str(v)} for k, v in part.items()],
    }
    if part.is_multipart():
        inside = [one for one in part.iter_parts() if isinstance(one, EmailMessage)]
        parts = [_part(one, f"{part_id}.{n}".lstrip(".")) for n, one in enumerate(inside)]
        return shown | {"body": {"size": 0}, "parts": parts}
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return shown | {"body": {"size": len(content), "data": base64.urlsafe_b64encode(content).decode()}}
