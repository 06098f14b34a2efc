"""How fast mail leaves: by user, by user and day, by the recipients' domain. Whoever is too fast waits, at no cost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from email_automation.mailers import is_sunk
from email_automation.models import OutgoingMail, SendingCount
from email_automation.sending.recipients import domain_of
from jobs import clock
from jobs.errors import Snooze

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Limit:
    """`most` recipients within a window of time."""

    scope: str
    window: timedelta
    most: int
    setting: str


@transaction.atomic
def reserve(mail: OutgoingMail, recipients: Sequence[str]) -> None:
    """Count the recipients of a mail that is about to leave.

    Raises:
        Snooze: they would be too many; the job comes back when the window is over.
    """
    if is_sunk(mail):  # nothing leaves this machine
        return
    now = clock.now()
    for limit, number in _limits(mail, recipients):
        began = _began(now, limit.window)
        scope = f"{limit.scope} a {'day' if limit.window == DAY else 'minute'}"
        _, is_new = SendingCount.objects.get_or_create(scope=scope, began_at=began)
        if is_new and limit.window == DAY:
            _forget_old()
        count = min(number, limit.most)
        room = SendingCount.objects.filter(scope=scope, began_at=began, count__lte=limit.most - count)
        if not room.update(count=F("count") + count):
            left = (began + limit.window - now).total_seconds()
            raise Snooze(left, f"{limit.setting}={limit.most}: {scope} are sent for now")


def _limits(mail: OutgoingMail, recipients: Sequence[str]) -> list[tuple[Limit, int]]:
    limits = []
    if mail.user_id:
        user = f"recipients of user {mail.user_id}"
        limits.append((Limit(user, MINUTE, settings.MAIL_USER_RATE, "MAIL_USER_RATE"), len(recipients)))
        limits.append((Limit(user, DAY, settings.MAIL_USER_DAILY, "MAIL_USER_DAILY"), len(recipients)))
    for domain, number in sorted(Counter(map(domain_of, recipients)).items()):
        scope = f"recipients at {domain}"
        limits.append((Limit(scope, MINUTE, settings.MAIL_DOMAIN_RATE, "MAIL_DOMAIN_RATE"), number))
    return [(limit, number) for limit, number in limits if limit.most]


def _forget_old() -> None:
    """Counts that nobody asks for any more."""
    SendingCount.objects.filter(began_at__lt=clock.now() - KEPT).delete()


def _began(now: datetime, window: timedelta) -> datetime:
    """Minutes and days begin for everybody at the same moment."""
    whole = now.replace(second=0, microsecond=0)
    return whole if window == MINUTE else whole.replace(hour=0, minute=0)
