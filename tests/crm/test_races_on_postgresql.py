"""Interleavings that SQLite, with its one writer, cannot have. Collected on PostgreSQL only."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import pre_save

from crm.models import Activity, Contact, Lead
from crm.services import upsert_lead

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_worker(lead_data: dict[str, Any]) -> None:
    """Upsert and commit on a connection of its own."""

    def run() -> None:
        try:
            upsert_lead(lead_data)
        finally:
            connection.close()

    worker = Thread(target=run)
    worker.start()
    worker.join(timeout=60)


@pytest.mark.parametrize("key", ["m:2", "m:1"], ids=["another message", "the same message"])
def test_a_lead_that_appears_between_look_and_insert_is_found(key: str) -> None:
    user = get_user_model().objects.create_user("ada")
    data = {"user_id": user.pk, "email": "jane@acme.example", "intent": "sales_enquiry", "message_key": "m:1"}
    others = [{**data, "message_key": key, "company": "Acme"}]

    def overtake(**_: Any) -> None:
        if others:
            in_another_worker(others.pop())

    pre_save.connect(overtake, sender=Contact)
    try:
        upsert_lead({**data, "name": "Jane"})
    finally:
        pre_save.disconnect(overtake, sender=Contact)
    assert Lead.objects.get().company == "Acme"
    assert Lead.objects.get().name == ("Jane" if key == "m:2" else "")
    assert Contact.objects.get().messages == Activity.objects.count() == (2 if key == "m:2" else 1)
