"""Everything that is encrypted comes under the first of FIELD_KEYS, so that an older key can be taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models, transaction

from email_automation.connecting.encryption import Secret, rotated
from email_automation.models.secret import EncryptedTextField

AT_ONCE = 200  # rows of one transaction


@dataclass
class Rotated:
    """How many rows were looked at, and how many of them were under an older key."""

    seen: int = 0
    changed: int = 0


def rotate() -> Iterator[tuple[str, Rotated]]:
    """Every table that holds secrets, when it is done. It may be interrupted and run again.

    Raises:
        Undecryptable: a secret was written with a key that is no more in the list. What came before it is done.
    """
    for model in apps.get_models():
        columns = [field.name for field in model._meta.local_fields if isinstance(field, EncryptedTextField)]
        if columns:
            yield model._meta.db_table, _rotate_table(model, columns)


def _rotate_table(model: type[models.Model], columns: list[str]) -> Rotated:
    done = Rotated()
    last = None
    while rows := _next(model, columns, last, done):
        last = rows[-1].pk
    return done


@transaction.atomic
def _next(model: type[models.Model], columns: list[str], last: object, done: Rotated) -> list[models.Model]:
    """Rotate the rows after `last`. Locked: a token that is refreshed meanwhile is not overwritten by an older one."""
    rows = model._default_manager.order_by("pk").only("pk", *columns)
    if connection.vendor == "postgresql":  # SQLite's transactions begin by taking the one write lock
        rows = rows.select_for_update(of=("self",))
    page = list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE])
    for row in page:
        old = {name: getattr(row, name).encrypted() for name in columns if getattr(row, name)}
        new = {name: fresh for name, encrypted in old.items() if (fresh := rotated(encrypted)) != encrypted}
        if new:
            secrets = {name: Secret.stored(encrypted) for name, encrypted in new.items()}
            model._default_manager.filter(pk=row.pk).update(**secrets)
        done.changed += bool(new)
    done.seen += len(page)
    return page
