from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from crm.models import Activity, Contact, Lead
from crm.services import upsert_lead

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def jane(user: User) -> Lead:
    made = upsert_lead({"user_id": user.pk, "email": "jane@acme.example", "name": "Jane", "notes": "Calls\nonly"}).lead
    assert made is not None
    return made


def form_of(page: bytes) -> dict[str, str]:
    """The fields of an admin form as a browser would send them back."""
    html = page.decode()
    fields = {}
    for tag in re.findall(r"<input[^>]*>", html):
        attributes = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in attributes and attributes.get("type") not in ("submit", "checkbox"):
            fields[attributes["name"]] = attributes.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL):
        fields[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def change(record: Contact | Lead) -> str:
    return reverse(f"admin:crm_{record._meta.model_name}_change", args=[record.pk])


@pytest.mark.parametrize("model", ["contact", "lead", "activity"])
def test_lists_take_the_same_few_queries_however_long(
    admin_client: Client, user: User, model: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        upsert_lead({"user_id": user.pk, "email": f"p{number}@acme.example"})
    with django_assert_max_num_queries(8):
        page = admin_client.get(reverse(f"admin:crm_{model}_changelist"), {"q": "acme"} if model != "activity" else {})
    assert page.status_code == 200
    assert b"p29@acme.example" in page.content


def test_a_long_history_is_shown_in_part_with_few_queries(
    admin_client: Client, jane: Lead, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        upsert_lead({"user_id": jane.user_id, "email": jane.email, "activity": f"Call number {number}."})
    with django_assert_max_num_queries(12):
        page = admin_client.get(change(jane)).content
    assert b"Call number 59." in page
    assert b"Call number 9." not in page
    upsert_lead({"user_id": jane.user_id, "email": jane.email, "activity": "Another call, while the form is open."})
    assert admin_client.post(change(jane), {**form_of(page), "company": "Acme"}).status_code == 302
    assert Lead.objects.get().company == "Acme"


def test_hostile_text_is_shown_as_text(admin_client: Client, user: User) -> None:
    made = upsert_lead(
        {
            "user_id": user.pk,
            "email": "x@acme.example",
            "name": HOSTILE,
            "company": HOSTILE,
            "notes": HOSTILE,
            "tags": [HOSTILE],
            "metadata": {HOSTILE: HOSTILE},
            "activity": HOSTILE,
            "source": HOSTILE,
        }
    )
    assert made.lead is not None
    assert made.contact is not None
    pages = [
        change(made.lead),
        change(made.contact),
        *(reverse(f"admin:crm_{m}_changelist") for m in ("lead", "contact")),
    ]
    for url in [*pages, reverse("admin:crm_activity_change", args=[Activity.objects.get().pk])]:
        page = admin_client.get(url)
        assert page.status_code == 200
        assert b"<script>alert(1)" not in page.content


def test_an_edit_saves_what_the_person_changed(admin_client: Client, admin_user: User, jane: Lead) -> None:
    form = form_of(admin_client.get(change(jane)).content)
    answer = admin_client.post(change(jane), {**form, "phone": "(212) 555-0123", "stage": "qualified"})
    assert answer.status_code == 302
    before, after = jane.score, Lead.objects.get()
    assert (after.phone, after.stage, after.notes, after.email) == (
        "+12125550123",
        "qualified",
        "Calls\nonly",
        jane.email,
    )
    assert after.score == before + 8 + 15
    activity = Activity.objects.latest("id")
    assert (activity.kind, activity.by) == ("edit", admin_user)
    assert activity.changes == {"phone": ["", "+12125550123"], "stage": ["new", "qualified"]}


def test_an_edit_keeps_what_a_job_wrote_while_the_form_was_open(admin_client: Client, jane: Lead) -> None:
    form = form_of(admin_client.get(change(jane)).content)
    upsert_lead(
        {"user_id": jane.user_id, "email": jane.email, "phone": "+12125550123", "stage": "contacted", "tags": ["vip"]}
    )
    admin_client.post(change(jane), {**form, "company": "Acme"})
    after = Lead.objects.get()
    assert (after.company, after.phone, after.stage, after.tags) == ("Acme", "+12125550123", "contacted", ["vip"])


def test_a_form_sent_back_unchanged_changes_nothing(admin_client: Client, jane: Lead) -> None:
    form = form_of(admin_client.get(change(jane)).content)
    assert admin_client.post(change(jane), form).status_code == 302
    assert Activity.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("tags", '{"a": 1}'), ("tags", "[1]"), ("metadata", "[1]"), ("metadata", "{"), ("stage", "won")],
)
def test_a_wrong_value_is_refused_in_the_form(admin_client: Client, jane: Lead, field: str, value: str) -> None:
    form = form_of(admin_client.get(change(jane)).content)
    page = admin_client.post(change(jane), {**form, field: value})
    assert page.status_code == 200
    assert b"errorlist" in page.content


def test_a_lead_that_a_person_adds_gets_a_contact_and_a_score(admin_client: Client, user: User) -> None:
    url = reverse("admin:crm_lead_add")
    form = form_of(admin_client.get(url).content)
    fields = {"user": user.pk, "email": "Jane@Acme.example", "name": "Jane", "stage": "qualified"}
    assert admin_client.post(url, {**form, **fields}).status_code == 302
    lead = Lead.objects.get()
    assert (lead.email, lead.contact.name, lead.score) == ("jane@acme.example", "Jane", 4 + 12 + 15)


def test_a_second_lead_of_the_same_address_is_refused_in_the_form(admin_client: Client, jane: Lead) -> None:
    url = reverse("admin:crm_lead_add")
    form = form_of(admin_client.get(url).content)
    page = admin_client.post(url, {**form, "user": jane.user_id, "email": "JANE@acme.example", "stage": "new"})
    assert page.status_code == 200
    assert Lead.objects.count() == 1


def test_an_action_moves_the_selected_leads(admin_client: Client, jane: Lead) -> None:
    data = {"action": "move_to_booked", "_selected_action": [jane.pk]}
    page = admin_client.post(reverse("admin:crm_lead_changelist"), data, follow=True)
    assert b"1 leads moved to Booked." in page.content
    assert Lead.objects.get().stage == "booked"


def test_scores_are_brought_up_to_date_by_an_action(admin_client: Client, jane: Lead) -> None:
    Lead.objects.update(score=1)
    data = {"action": "score_again", "_selected_action": [jane.pk]}
    page = admin_client.post(reverse("admin:crm_lead_changelist"), data, follow=True)
    assert b"1 scores changed." in page.content


def test_actions_need_the_permission_to_change(client: Client, user: User, jane: Lead) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_lead"))
    client.force_login(user)
    page = client.get(reverse("admin:crm_lead_changelist"))
    assert page.status_code == 200
    assert b"move_to_booked" not in page.content
    client.post(reverse("admin:crm_lead_changelist"), {"action": "move_to_booked", "_selected_action": [jane.pk]})
    assert Lead.objects.get().stage == "new"


def test_history_cannot_be_changed_in_the_admin(admin_client: Client, jane: Lead) -> None:
    activity = Activity.objects.get()
    assert admin_client.get(reverse("admin:crm_activity_add")).status_code == 403
    assert (
        admin_client.post(reverse("admin:crm_activity_delete", args=[activity.pk]), {"post": "yes"}).status_code == 403
    )
    admin_client.post(reverse("admin:crm_activity_change", args=[activity.pk]), {"text": "Never."})
    assert Activity.objects.get().text == activity.text


def test_a_contact_is_deleted_with_all_that_is_known_of_it(admin_client: Client, jane: Lead) -> None:
    url = reverse("admin:crm_contact_delete", args=[jane.contact_id])
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not Contact.objects.exists()
    assert not Activity.objects.exists()
