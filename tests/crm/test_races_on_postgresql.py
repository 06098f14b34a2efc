"""Interleavings that SQLite, with its one writer, cannot have. Collected on PostgreSQL only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.signals import pre_save
from django.utils import timezone

from crm import history
from crm.models import Activity, Contact, Lead
from crm.services import move_to_stage, save_edit, upsert_lead
from crm.words import Kind, Stage

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_worker(work: Callable[[], object], within: float) -> Thread:
    """Do it on a connection of its own; go on when it is done, or when it still waits for our lock."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    worker = Thread(target=run)
    worker.start()
    worker.join(timeout=within)
    return worker


@contextmanager
def overtaken_at_save(model: type[Model], work: Callable[[], object], within: float) -> Iterator[None]:
    """The first time that the block saves such a row, another worker does something first."""
    workers: list[Thread] = []

    def overtake(**_: Any) -> None:
        if not workers:
            workers.append(Thread())  # what the other worker saves does not count
            workers[0] = in_another_worker(work, within)

    pre_save.connect(overtake, sender=model)
    try:
        yield
    finally:
        pre_save.disconnect(overtake, sender=model)
        workers[0].join(timeout=60)


@pytest.mark.parametrize("key", ["m:2", "m:1"], ids=["another message", "the same message"])
def test_a_lead_that_appears_between_look_and_insert_is_found(key: str) -> None:
    user = get_user_model().objects.create_user("ada")
    data = {"user_id": user.pk, "email": "jane@acme.example", "intent": "sales_enquiry", "message_key": "m:1"}
    other = {**data, "message_key": key, "company": "Acme"}
    with overtaken_at_save(Contact, lambda: upsert_lead(other), within=60):
        upsert_lead({**data, "name": "Jane"})
    assert Lead.objects.get().company == "Acme"
    assert Lead.objects.get().name == ("Jane" if key == "m:2" else "")
    assert Contact.objects.get().messages == Activity.objects.count() == (2 if key == "m:2" else 1)


def test_a_move_waits_for_an_edit_under_way() -> None:
    user = get_user_model().objects.create_user("ada")
    edited = upsert_lead({"user_id": user.pk, "email": "jane@acme.example"}).lead
    assert edited is not None
    edited.company = "Acme"
    with overtaken_at_save(Contact, lambda: move_to_stage([edited.pk], Stage.BOOKED), within=0.5):
        save_edit(edited, ["company"], by_id=user.pk)
    assert Lead.objects.values_list("company", "stage").get() == ("Acme", "booked")


def test_a_message_waits_for_a_move_under_way() -> None:
    user = get_user_model().objects.create_user("ada")
    data = {"user_id": user.pk, "email": "jane@acme.example"}
    moved = upsert_lead(data).lead
    assert moved is not None
    message = {**data, "message_key": "m:1", "intent": "support"}
    with overtaken_at_save(Lead, lambda: move_to_stage([moved.pk], Stage.BOOKED), within=0.5):
        upsert_lead(message)
    assert Lead.objects.get().stage == "booked"


def test_a_locked_lead_gets_its_history_while_a_message_waits_for_it() -> None:
    user = get_user_model().objects.create_user("ada")
    data = {"user_id": user.pk, "email": "jane@acme.example"}
    upsert_lead(data)
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get()
        message = {**data, "message_key": "m:1", "intent": "support"}
        worker = in_another_worker(lambda: upsert_lead(message), within=0.5)
        history.entry(lead, Kind.EDIT, timezone.now(), text="Called.").save()
    worker.join(timeout=60)
    assert set(Activity.objects.values_list("kind", flat=True)) == {"update", "edit", "message"}
