"""How many jobs a worker runs at once: told to it over the broker, and kept for when it starts again."""

from __future__ import annotations

import uuid

from django.db import transaction

from jobs import audit, remote
from jobs.errors import Refused
from jobs.models import Slots, WorkerBeat
from jobs.reports import clean, storable

MOST = 256
RESIZABLE = "prefork"


def change(boot: uuid.UUID, slots: int, *, by: str, reason: str = "", origin: str = "") -> WorkerBeat:
    """Have a worker run so many jobs at once. What runs is not ended: fewer slots are reached as jobs end.

    Kept for the worker's name, so that it has as many when it starts again, whatever its `--concurrency`.

    Raises:
        Refused: a number out of its range, a pool that cannot, or as `remote.stop`.
    """
    if not 1 <= slots <= MOST:
        raise Refused(f"Give 1 to {MOST} slots.", field="slots")
    worker = remote.alive(boot)
    if worker.pool != RESIZABLE:
        raise Refused(
            f"Its pool ({worker.pool or 'unknown'}) has the slots that it was started with: start it with "
            f"`manage.py worker --concurrency {slots}`.",
            field="slots",
        )
    with transaction.atomic():
        audit.hold()
        before = {"slots": worker.slots}
        fields = {"slots": slots, "by": storable(by)[:150], "reason": clean(reason)[:300]}
        Slots.objects.update_or_create(worker=worker.name, defaults=fields)
        subject, after = f"worker {worker.name}", {"slots": slots}
        audit.record("slots", subject, by=by, reason=reason, origin=origin, before=before, after=after)
        remote.tell(worker, "set_slots", slots=slots)
    return worker


def forget(name: str, *, by: str, reason: str = "", origin: str = "") -> bool:
    """Keep nothing for this name any more: it starts with its `--concurrency` again. Returns whether there was."""
    with transaction.atomic():
        audit.hold()
        row = Slots.objects.filter(worker=storable(name)).first()
        if row is None:
            return False
        before = {"slots": row.slots}
        row.delete()
        audit.record("forget slots", f"worker {name}", by=by, reason=reason, origin=origin, before=before)
    return True


def kept(name: str) -> int | None:
    """How many are kept for a worker of this name."""
    return Slots.objects.filter(worker=name).values_list("slots", flat=True).first()


def of_workers() -> dict[str, Slots]:
    """What is kept, by the worker's name."""
    return {row.worker: row for row in Slots.objects.all()}
