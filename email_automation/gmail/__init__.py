"""Gmail's API, as far as we need it."""

from email_automation.gmail.client import Client
from email_automation.gmail.errors import (
    BadRequest,
    GmailError,
    HistoryExpired,
    InsufficientPermission,
    NeedsReauth,
    NotFound,
    RateLimited,
    Temporary,
    Unauthorized,
)

__all__ = [
    "BadRequest",
    "Client",
    "GmailError",
    "HistoryExpired",
    "InsufficientPermission",
    "NeedsReauth",
    "NotFound",
    "RateLimited",
    "Temporary",
    "Unauthorized",
]
