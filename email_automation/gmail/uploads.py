"""A mail on its way to Gmail: in the request's JSON, or, where it is large, as it is."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from email_automation.gmail.transport import Call

LARGE = 3_500_000  # bytes: in base64 below the 5 MB that an ordinary request may have
USER = "/gmail/v1/users/me"


def call(name: str, path: str, raw: bytes, thread: str, *, in_draft: bool = False) -> Call:
    """The call that hands a mail over."""
    about: dict[str, Any] = {"threadId": thread} if thread else {}
    if len(raw) > LARGE:
        boundary = f"=={secrets.token_hex(16)}"
        body = _related({"message": about} if in_draft else about, raw, boundary)
        kind = f'multipart/related; boundary="{boundary}"'
        return Call(name, "POST", "/upload" + USER + path, {"uploadType": "multipart"}, body, kind)
    message = {**about, "raw": base64.urlsafe_b64encode(raw).decode()}
    return Call(name, "POST", USER + path, body=json.dumps({"message": message} if in_draft else message).encode())


def _related(about: dict[str, Any], raw: bytes, boundary: str) -> bytes:
    line = f"--{boundary}\r\n".encode()
    head = b"Content-Type: application/json; charset=UTF-8\r\n\r\n" + json.dumps(about).encode() + b"\r\n"
    return b"".join(
        [line, head, line, b"Content-Type: message/rfc822\r\n\r\n", raw, f"\r\n--{boundary}--\r\n".encode()]
    )
