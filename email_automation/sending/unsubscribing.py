"""A link that takes one address off one user's mail, as RFC 8058 wants it: it says by itself whom it is about."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from email_automation.models import OutgoingMail, Suppression
from email_automation.sending import suppressing
from email_automation.sending.letters import UNSUBSCRIBABLE

SALT = "email_automation.unsubscribe"


def headers(mail: OutgoingMail) -> dict[str, str]:
    """For mail that can be unsubscribed from; none where nobody has said how this place is reached (PUBLIC_URL)."""
    if mail.kind not in UNSUBSCRIBABLE or not settings.PUBLIC_URL:
        return {}
    return {"List-Unsubscribe": f"<{link(mail)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def link(mail: OutgoingMail) -> str:
    """Works for ever, and for this recipient of this user only."""
    token = signing.dumps({"user": mail.user_id, "address": mail.to[0], "mail": mail.pk}, salt=SALT)
    return f"{settings.PUBLIC_URL}{reverse('mail-unsubscribe', args=[token])}"


def address_of(token: str) -> str | None:
    """Whom a link is about; None where it is none of ours."""
    said = _said(token)
    return str(said["address"]) if said else None


def unsubscribe(token: str) -> Suppression | None:
    """Do what a link says, once or again. None where it is none of ours."""
    said = _said(token)
    if said is None:
        return None
    source = f"unsubscribed from mail {said['mail']}"
    user_id = int(str(said["user"])) if said["user"] else None
    return suppressing.suppress(str(said["address"]), Suppression.Cause.UNSUBSCRIBED, user_id=user_id, source=source)


def _said(token: str) -> dict[str, object] | None:
    try:
        said: dict[str, object] = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return said
