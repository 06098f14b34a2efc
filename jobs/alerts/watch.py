"""The dispatcher's chore: an alert is told once when it has lasted, and once more when it is over.

It is looked for always, so that people see what fires; told it is where somebody is to be told.

What is told, and that it was told, are one transaction: no alert is forgotten, and none is told twice.
"""

from __future__ import annotations

import structlog
from django.db import transaction

from jobs import services
from jobs.alerts import rules, tasks
from jobs.alerts.rules import Sight
from jobs.clock import Now
from jobs.config import config
from jobs.models import Alert, Silence, Telling

log = structlog.stdlib.get_logger("jobs")


def run_once() -> int:
    """Look once. Returns how many beginnings and ends were told."""
    seen = {f"{sight.rule}:{sight.subject}": sight for sight in rules.look()}
    _note(seen)
    return _begin(seen) + _end(seen)


def _note(seen: dict[str, Sight]) -> None:
    """Keep when each was seen first and last."""
    known = set(Alert.objects.values_list("key", flat=True))
    Alert.objects.filter(key__in=seen).update(seen_at=Now())
    for key in seen.keys() - known:
        sight = seen[key]
        Alert.objects.create(
            key=key, rule=sight.rule, subject=sight.subject, text=sight.text, since=Now(), seen_at=Now()
        )


def _begin(seen: dict[str, Sight]) -> int:
    if not tasks.ways():
        return 0  # told_at stays empty: whoever is named later is told of what still fires
    lasted = set(Alert.objects.filter(since__lte=Now(-config().ALERT_AFTER)).values_list("key", flat=True))
    fresh = Alert.objects.filter(told_at=None, key__in=seen)
    silent = _silent()
    due = [alert for alert in fresh if (seen[alert.key].at_once or alert.key in lasted) and alert.key not in silent]
    return sum(_tell(alert, "firing", seen[alert.key].text) for alert in due)


def _end(seen: dict[str, Sight]) -> int:
    over = Alert.objects.filter(seen_at__lt=Now(-config().ALERT_AFTER)).exclude(key__in=seen)
    over.filter(key__in=_silent()).delete()
    return sum(_tell(alert, "over", f"Over: {alert.text}") for alert in over)


def _silent() -> set[str]:
    return set(Silence.objects.filter(until__gt=Now()).values_list("key", flat=True))


@transaction.atomic
def _tell(alert: Alert, state: str, text: str) -> bool:
    row = Alert.objects.filter(pk=alert.pk, told_at__isnull=alert.told_at is None)
    changed = row.update(told_at=Now(), text=text) if state == "firing" else row.delete()[0]
    if not changed or (state == "over" and alert.told_at is None):
        return False  # another dispatcher did it, or it was over before it was told
    told = {
        "id": f"{alert.key}:{alert.since.timestamp():.3f}:{state}",
        "alert": alert.rule,
        "state": state,
        "queue": alert.subject,
        "text": text,
        "since": alert.since.isoformat(),
    }
    jobs = [
        services.enqueue(task, {"alert": told}, key=f"{task}:{told['id']}", priority=0) for task in tasks.channels()
    ]
    Telling.objects.create(
        key=alert.key,
        rule=alert.rule,
        subject=alert.subject,
        state=state,
        text=text,
        at=Now(),
        jobs=[str(job.pk) for job in jobs],
    )
    log.warning("alert", action=f"alert_{state}", alert=alert.rule, queue=alert.subject, text=text)
    return True
