"""How a webhook's receiver knows that it is ours, whole and fresh."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Fikiri-Signature"


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 with the secret over `SECONDS.` and the body's bytes."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
