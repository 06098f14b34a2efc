"""How much may happen without a person: counted from rows, and taken under a lock, so that no two take the last place.

A place is taken before the effect and kept whatever becomes of it; the same effect tried again needs no second one.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from email_automation.models import AutomaticAction, AutomationSetting
from jobs import clock
from jobs.clock import Now
from jobs.errors import Snooze

Kind = AutomaticAction.Kind
TO_PEOPLE = (Kind.REPLY, Kind.FOLLOW_UP)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wish:
    """Something to be done for a user without a person. `key` names it: mail:12, say."""

    user_id: int
    kind: AutomaticAction.Kind
    key: str
    address: str = ""


def take(wish: Wish) -> str:
    """Take a place for an effect. Empty if there is one; else why there will be none.

    Raises:
        Snooze: too much was done just now; there is a place later.
    """
    with transaction.atomic():
        # One row a user is what everybody waits for who acts for them.
        AutomationSetting.objects.get_or_create(user_id=wish.user_id)
        AutomationSetting.objects.select_for_update().get(user_id=wish.user_id)
        if AutomaticAction.objects.filter(key=wish.key).exists():
            return ""
        if reason := _too_much_for_contact(wish):
            return reason
        _check_pace(wish.user_id)
        AutomaticAction.objects.create(
            user_id=wish.user_id, kind=wish.kind, key=wish.key[:200], address=wish.address.lower(), at=Now()
        )
    return ""


def _too_much_for_contact(wish: Wish) -> str:
    if wish.kind not in TO_PEOPLE:
        return ""
    most = int(settings.AUTO_REPLIES_A_DAY)
    given = _since(wish.user_id, DAY).filter(kind__in=TO_PEOPLE, address=wish.address.lower()).count()
    return f"{given} automatic mails went to this contact within a day, {most} may (AUTO_REPLIES_A_DAY)" * (
        given >= most
    )


def _check_pace(user_id: int) -> None:
    for most, span in (
        (int(settings.AUTO_ACTIONS_IN_5_MINUTES), timedelta(minutes=5)),
        (int(settings.AUTO_ACTIONS_AN_HOUR), timedelta(hours=1)),
    ):
        # The one that has to grow old before there is a place again.
        last = _since(user_id, span).order_by("-at").values_list("at", flat=True)[most - 1 : most].first()
        if last is not None:
            wait = (last + span - clock.now()).total_seconds()
            raise Snooze(max(1.0, wait), f"{most} automatic actions of this user within {span}")


def _since(user_id: int, span: timedelta) -> QuerySet[AutomaticAction]:
    return AutomaticAction.objects.filter(user_id=user_id, at__gt=Now(-span.total_seconds()))
