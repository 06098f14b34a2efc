"""Keeps keys out of error text and logs."""

from __future__ import annotations

import re

_KEY = re.compile(r"\b(?:sk|pk|rk|sess|key)-[\w*.-]{4,200}|\bBearer\s+[\w.*~+/=-]{4,400}", re.IGNORECASE)
_LOGIN = re.compile(r"//[^/\s@]{1,200}@")


def redact(text: str, *secrets: str) -> str:
    """`text` without keys, bearer tokens, logins in URLs and the given secrets; at most 300 characters."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "[key]")
    return _LOGIN.sub("//[login]@", _KEY.sub("[key]", text[:2000]))[:300]
