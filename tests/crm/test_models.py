from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.models import Activity, Contact, Lead
from crm.services import upsert_lead


def make_lead(user: User, **fields: Any) -> Lead:
    email = fields.get("email", "jane@acme.example")
    contact = Contact.objects.create(user=user, email="contact-" + email.lower())
    return Lead.objects.create(**{"user": user, "contact": contact, "email": email, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"score": 101, "band": "hot"},
        {"score": 80, "band": "cold"},
        {"score": 40, "band": "cold"},
        {"stage": "won"},
        {"intent": "buy"},
        {"email": "Jane@acme.example"},
        {"email": ""},
    ],
)
def test_the_database_refuses_what_can_never_be_true_of_a_lead(user: User, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_lead(user, **fields)


def test_an_address_is_one_lead_for_a_user_and_another_for_the_next(user: User, stranger: User) -> None:
    make_lead(user)
    make_lead(stranger)
    contact = Contact.objects.create(user=user, email="other@acme.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.create(user=user, contact=contact, email="jane@acme.example")


def test_an_address_is_one_contact(user: User) -> None:
    Contact.objects.create(user=user, email="jane@acme.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.create(user=user, email="jane@acme.example")


def test_a_message_is_one_activity_for_a_user(user: User) -> None:
    contact = Contact.objects.create(user=user, email="jane@acme.example")
    fields = {"user": user, "contact": contact, "kind": "message", "occurred_at": timezone.now(), "message_key": "m:1"}
    Activity.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Activity.objects.create(**fields)


def test_an_activity_is_written_once(said: dict[str, Any]) -> None:
    upsert_lead(said)
    activity = Activity.objects.get()
    activity.text = "It never happened."
    with pytest.raises(TypeError, match="never changed"):
        activity.save()
    with pytest.raises(TypeError, match="never changed"):
        activity.delete()


def test_history_goes_with_the_user(said: dict[str, Any], user: User) -> None:
    upsert_lead(said)
    user.delete()
    assert not Contact.objects.exists()
    assert not Lead.objects.exists()
    assert not Activity.objects.exists()
