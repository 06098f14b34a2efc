"""Lists of contacts and leads in the admin look at no more than the first so many, and say so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from crm.models import Activity, Contact, Lead
from jobs.admin import lists


@pytest.fixture(autouse=True)
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look ends after two rows."""
    monkeypatch.setattr(lists, "COUNTED", 2)


@pytest.fixture
def leads(user: User) -> list[Lead]:
    """Four, the hottest made first but one."""
    contacts = [Contact.objects.create(user=user, email=f"p{number}@acme.example") for number in range(4)]
    return [
        Lead.objects.create(user=user, email=contact.email, contact=contact, score=score)
        for contact, score in zip(contacts, (30, 39, 20, 30), strict=True)
    ]


def shown(client: Client, model: str, query: str = "") -> tuple[list[str], str]:
    """Whose rows a list shows, and its words."""
    page = client.get(reverse(f"admin:crm_{model}_changelist") + query).content.decode()
    return re.findall(r"/change/[^>]*>(p\d)@", page), " ".join(strip_tags(page).split())


def further(client: Client, model: str, query: str = "") -> str:
    page = client.get(reverse(f"admin:crm_{model}_changelist") + query).content.decode()
    found = re.search(r'<a href="([^"]*)">Look further back', page)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.usefixtures("leads")
def test_contacts_are_searched_and_sorted_among_the_newest_and_then_further_back(admin_client: Client) -> None:
    assert shown(admin_client, "contact", "?q=acme&o=1")[0] == ["p2", "p3"]
    assert "2 contacts among the newest" in shown(admin_client, "contact", "?q=acme")[1]
    more = further(admin_client, "contact", "?q=acme&o=1")
    assert shown(admin_client, "contact", more)[0] == ["p0", "p1"]
    assert further(admin_client, "contact", more) == ""


@pytest.mark.usefixtures("leads")
def test_leads_are_looked_at_from_the_hottest_on_and_none_comes_twice_or_never(admin_client: Client) -> None:
    """Of two with the same score, the newer one is first; a look may end between them."""
    assert shown(admin_client, "lead")[0] == ["p1", "p3"]
    assert "among the hottest" in shown(admin_client, "lead")[1]
    assert shown(admin_client, "lead", further(admin_client, "lead"))[0] == ["p0", "p2"]


@pytest.mark.usefixtures("leads")
@pytest.mark.parametrize("query", ["?before=x", "?before=1,2,3", "?before=", "?before=a,b"])
def test_a_place_that_cannot_be_is_the_beginning(admin_client: Client, query: str) -> None:
    assert shown(admin_client, "lead", query)[0] == ["p1", "p3"]


@pytest.mark.usefixtures("leads")
def test_a_filter_by_user_offers_those_who_have_rows(admin_client: Client, user: User) -> None:
    nobody = User.objects.create(username="has-no-contacts")
    _, words = shown(admin_client, "contact")
    assert user.username in words
    assert nobody.username not in words


def test_activities_are_searched_among_the_newest(admin_client: Client, leads: list[Lead], user: User) -> None:
    contact = leads[0].contact
    for number in range(3):
        made: dict[str, Any] = {"text": f"note {number}", "kind": "edit", "occurred_at": contact.created_at}
        Activity.objects.create(user=user, contact=contact, **made)
    _, words = shown(admin_client, "activity", "?q=note")
    assert "2 activities among the newest" in words
    assert "note 0" not in words
