"""Addresses that get no more mail: who said so, and which mail that stops."""

from django.db.models import Q

from email_automation.models import Author, MailKind, OutgoingMail, Suppression
from email_automation.sending.recipients import addresses, wire

Cause = Suppression.Cause
STRONGEST = (Cause.BOUNCED, Cause.MANUAL, Cause.COMPLAINED, Cause.UNSUBSCRIBED)
SAID = {
    Cause.BOUNCED: "mail to this address came back for good",
    Cause.MANUAL: "this address is to get no mail",
    Cause.COMPLAINED: "its owner reported our mail as spam",
    Cause.UNSUBSCRIBED: "its owner unsubscribed",
}


def suppressed(mail: OutgoingMail) -> dict[str, str]:
    """Recipients that a mail does not go to, and why."""
    mine = Q(user=None) | Q(user_id=mail.user_id) if mail.user_id else Q(user=None)
    keys = {normal(address): address for address in mail.to}
    found: dict[str, str] = {}
    for address, cause in Suppression.objects.filter(mine, address__in=keys).values_list("address", "cause"):
        if _stops(Cause(cause), mail):
            found[keys[address]] = f"suppressed: {SAID[Cause(cause)]}"
    return found


def suppress(address: str, cause: Suppression.Cause, *, user_id: int | None, source: str) -> Suppression:
    """Write to an address no more. A stronger cause takes the place of a weaker one.

    Raises:
        BadMailError: it is no address.
    """
    [checked] = addresses(address)
    row, created = Suppression.objects.filter(Q(user_id=user_id) if user_id else Q(user=None)).get_or_create(
        address=normal(checked), defaults={"user_id": user_id, "cause": cause, "source": source[:300]}
    )
    if not created and STRONGEST.index(cause) < STRONGEST.index(Cause(row.cause)):
        row.cause, row.source = cause, source[:300]
        row.save(update_fields=["cause", "source"])
    return row


def normal(address: str) -> str:
    """The form in which addresses are compared."""
    return wire(address).lower()


def _stops(cause: Suppression.Cause, mail: OutgoingMail) -> bool:
    """Mail that cannot arrive is not sent at all. Who wants no more of ours still gets what they asked for themselves:
    a password reset, and the answer of a person to their own letter."""
    if cause in (Cause.BOUNCED, Cause.MANUAL):
        return True
    if mail.kind == MailKind.TRANSACTIONAL:
        return False
    by_person = mail.author == Author.PERSON or (mail.released_by_id is not None and not mail.released_by_rule)
    return not (cause == Cause.UNSUBSCRIBED and mail.kind == MailKind.REPLY and by_person)
