"""Mail over REST: one's own, and clear errors."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from email_automation import services
from email_automation.models import Mailbox, Message, OutgoingMail
from jobs.models import Job
from tests.email_automation.mailboxes.letters import letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def post(client: APIClient, path: str, data: object) -> tuple[int, Any]:
    response = client.post(f"/api/{path}", data, format="json")
    return response.status_code, response.json()


def test_a_sync_is_accepted_with_its_jobs_id(client: APIClient, make_mailbox: Callable[..., Mailbox]) -> None:
    status, body = post(client, "mail/sync", {"mailbox_id": make_mailbox(letter(1)).pk})
    assert (status, body["success"]) == (202, True)
    assert body["data"] == {"job_id": str(Job.objects.get().pk), "task": "process_gmail_sync", "queue": "email"}


def test_without_an_id_the_first_mailbox_is_synced(client: APIClient, make_mailbox: Callable[..., Mailbox]) -> None:
    mailbox = make_mailbox(letter(1))
    assert post(client, "mail/sync", {})[0] == 202
    assert mailbox.runs.count() == 1


def test_another_users_mailbox_is_not_found(
    client: APIClient, make_mailbox: Callable[..., Mailbox], stranger: User
) -> None:
    theirs = services.add_mailbox(stranger, make_mailbox(letter(1)).location)
    status, body = post(client, "mail/sync", {"mailbox_id": theirs.pk})
    assert (status, body["success"]) == (404, False)
    assert not Job.objects.exists()


def test_a_mail_is_accepted_under_the_users_name(client: APIClient, user: User) -> None:
    status, _ = post(client, "mail/send", {"to": "a@company.com", "subject": "Hi", "body": " Hello\n"})
    job = Job.objects.get()
    mail = OutgoingMail.objects.get(pk=job.arguments["mail_id"])
    assert (status, job.owner_id, mail.user, mail.body) == (202, user.pk, user, " Hello\n")


@pytest.mark.parametrize(
    ("path", "data", "field"),
    [
        ("mail/send", {"to": "nobody", "subject": "Hi", "body": "x"}, "to"),
        ("mail/send", {"to": ["a@company.com"], "subject": "a\nb", "body": "x"}, "subject"),
        ("mail/send", {"to": [], "subject": "Hi", "body": "x"}, "to"),
        ("mail/send", {"to": {"a": 1}, "subject": "Hi", "body": "x"}, "to"),
        ("mail/send", {"to": "a@company.com", "subject": "Hi"}, "body"),
        ("mail/sync", {"mailbox_id": "x"}, "mailbox_id"),
        ("mail/sync", {"mailbox_id": 2**80}, "mailbox_id"),
        ("ai/requests", {}, "prompt"),
        ("ai/requests", {"prompt": "  "}, "prompt"),
        ("ai/requests", {"prompt": "a\x00b"}, "prompt"),
    ],
)
def test_bad_input_is_refused_naming_the_field(client: APIClient, path: str, data: object, field: str) -> None:
    status, body = post(client, path, data)
    assert (status, body["success"], body["field"]) == (400, False, field)
    assert not Job.objects.exists()


@pytest.mark.parametrize("path", ["mail/send", "mail/sync", "ai/requests"])
@pytest.mark.parametrize("data", [[], "text", [1]])
def test_what_is_no_object_is_refused(client: APIClient, path: str, data: object) -> None:
    assert post(client, path, data)[0] == 400


def test_a_prompt_is_accepted(client: APIClient, user: User) -> None:
    status, body = post(client, "ai/requests", {"prompt": "Why?"})
    assert (status, body["data"]["task"]) == (202, "process_ai_request")
    assert Job.objects.get().owner_id == user.pk


def test_messages_are_listed_newest_first_a_page_at_a_time(
    client: APIClient, sync: Callable[..., list[Message]], django_assert_num_queries: Any
) -> None:
    first, second, third = sync(*(letter(number) for number in range(3)))
    with django_assert_num_queries(2):
        page = client.get("/api/mail/messages?limit=2").json()["data"]
    assert [message["id"] for message in page["messages"]] == [third.pk, second.pk]
    assert page["messages"][0]["excerpt"] == "Hello."
    rest = client.get(f"/api/mail/messages?limit=2&before={page['next']}").json()["data"]
    assert ([message["id"] for message in rest["messages"]], rest["next"]) == ([first.pk], None)


def test_only_the_users_own_messages_are_listed(
    client: APIClient, sync: Callable[..., list[Message]], stranger: User
) -> None:
    sync(letter(1))
    Mailbox.objects.update(user=stranger)
    assert client.get("/api/mail/messages").json()["data"]["messages"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "before=x", "mailbox_id=-1"])
def test_a_bad_query_is_refused_naming_it(client: APIClient, query: str) -> None:
    response = client.get(f"/api/mail/messages?{query}")
    assert (response.status_code, response.json()["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("path", ["mail/send", "mail/sync", "mail/messages", "ai/requests"])
def test_nobody_comes_in_without_a_login(db: None, path: str) -> None:
    response = APIClient().post(f"/api/{path}", {}, format="json")
    assert (response.status_code, response.json()["code"]) == (401, "AUTHENTICATION_REQUIRED")


def test_the_recipient_that_is_wrong_is_named_by_its_place(client: APIClient) -> None:
    mail = {"to": ["jane@example.com", {}], "subject": "Hello", "body": "..."}
    status, body = post(client, "mail/send", mail)
    assert (status, body["field"]) == (400, "to.1")
