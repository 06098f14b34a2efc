from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crm.models import Contact
from crm.services import upsert_lead
from jobs.models import Job


@pytest.fixture
def api(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def lead_of(user: User, email: str = "jane@acme.example", **more: Any) -> int:
    made = upsert_lead({"user_id": user.pk, "email": email, **more}).lead
    assert made is not None
    return made.pk


def test_a_lead_is_shown_with_its_score_and_history(api: Client, user: User) -> None:
    upsert_lead({"user_id": user.pk, "email": "jane@acme.example", "message_key": "m:1", "intent": "support"})
    lead_id = lead_of(user, name="Jane", metadata={"a": 1})
    answer = api.get(f"/api/crm/leads/{lead_id}").json()
    assert answer["success"] is True
    data = answer["data"]
    assert (data["id"], data["email"], data["stage"], data["band"], data["metadata"]) == (
        lead_id, "jane@acme.example", "new", "cold", {"a": 1},
    )  # fmt: skip
    assert data["score"] == sum(reason["points"] for reason in data["reasons"])
    assert [activity["kind"] for activity in data["activities"]] == ["update", "message"]


def test_a_user_sees_only_their_own(api: Client, user: User, stranger: User) -> None:
    foreign = lead_of(stranger)
    own = lead_of(user)
    assert [lead["id"] for lead in api.get("/api/crm/leads").json()["data"]["leads"]] == [own]
    assert api.get("/api/crm/contacts").json()["data"]["count"] == 1
    hidden, missing = api.get(f"/api/crm/leads/{foreign}"), api.get(f"/api/crm/leads/{10**30}")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() == missing.json()
    assert hidden.json()["success"] is False


def test_staff_see_only_their_own_too(api: Client, user: User, stranger: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    assert api.get(f"/api/crm/leads/{lead_of(stranger)}").status_code == 404


def test_pages_follow_each_other(api: Client, user: User) -> None:
    ids = [lead_of(user, f"p{n}@acme.example") for n in range(5)]
    seen, url = [], "/api/crm/leads?limit=2"
    while url:
        data = api.get(url).json()["data"]
        seen += [lead["id"] for lead in data["leads"]]
        url = f"/api/crm/leads?limit=2&before={data['next']}" if data["next"] else ""
    assert seen == ids[::-1]


def test_leads_are_filtered_by_stage_and_band(api: Client, user: User) -> None:
    booked = lead_of(user, "a@acme.example", stage="booked", name="A", phone="+12125550123")
    lead_of(user, "b@acme.example")
    assert [lead["id"] for lead in api.get("/api/crm/leads?stage=booked").json()["data"]["leads"]] == [booked]
    assert [lead["id"] for lead in api.get("/api/crm/leads?band=warm").json()["data"]["leads"]] == [booked]


@pytest.mark.parametrize(
    ("query", "field"),
    [("stage=won", "stage"), ("band=x", "band"), ("limit=0", "limit"), ("limit=999", "limit"), ("before=x", "before"),
     ("limit=%C2%B2", "limit"), ("before=99999999999999999999", "before")],
)  # fmt: skip
def test_a_wrong_parameter_is_named(api: Client, query: str, field: str) -> None:
    answer = api.get(f"/api/crm/leads?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_a_post_enqueues_an_update_of_the_users_own_lead(api: Client, user: User) -> None:
    answer = api.post("/api/crm/leads", {"email": "jane@acme.example", "stage": "contacted"}, "application/json")
    assert answer.status_code == 202
    job = Job.objects.get(pk=answer.json()["data"]["job_id"])
    assert (job.task, job.owner_id) == ("update_crm", user.pk)
    assert job.arguments["lead_data"] == {"email": "jane@acme.example", "stage": "contacted", "user_id": user.pk}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "jane"}, "email"),
        ({"email": "j@acme.example", "user_id": 1}, "user_id"),
        ({"email": "j@acme.example", "score": 100}, "score"),
        ({"email": "j@acme.example", "stage": "won"}, "stage"),
        (["j@acme.example"], "email"),
    ],
)
def test_a_post_that_cannot_be_used_is_refused_at_once(api: Client, body: Any, field: str) -> None:
    answer = api.post("/api/crm/leads", body, "application/json")
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert not Job.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["leads", "leads/1", "contacts"])
def test_strangers_are_asked_to_log_in(client: Client, path: str) -> None:
    answer = client.get(f"/api/crm/{path}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "AUTHENTICATION_REQUIRED"


def test_a_list_costs_one_query_whatever_its_length(api: Client, user: User, django_assert_num_queries: Any) -> None:
    for number in range(5):
        lead_of(user, f"p{number}@acme.example")
    with django_assert_num_queries(3):  # session, user, leads
        api.get("/api/crm/leads")
    assert Contact.objects.count() == 5
