"""Outgoing mail over REST: one's own, its files, what waits for a word, and who gets no more."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from email_automation import services
from email_automation.models import Author, MailKind, MailStatus, Message, OutgoingMail, Suppression
from email_automation.sending import unsubscribing
from email_automation.sending.letters import Letter
from jobs.models import AuditEntry, Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.parsing.mails import mail
from tests.servers.smtp import Break, Server

pytestmark = pytest.mark.django_db

TO = "jane@company.com"


@pytest.fixture
def client(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def post(client: APIClient, path: str, data: object, status: int = 202) -> Any:
    response = client.post(f"/api/mail{path}", data, format="json")
    assert response.status_code == status, response.json()
    return response.json()


@pytest.fixture
def waiting(user: User) -> OutgoingMail:
    return services.propose(Letter(to=TO, subject="Hi", body="Hello", author=Author.MODEL, user_id=user.pk))


def test_html_and_small_files_come_in_the_json(client: APIClient, mail_server: Server) -> None:
    file = {"name": "offer.pdf", "content_type": "application/pdf", "content": base64.b64encode(b"%PDF").decode()}
    given = {"to": TO, "subject": "Offer", "html": "<p>As <b>promised</b></p>", "attachments": [file]}
    run_job(Job.objects.get(pk=post(client, "/send", given)["data"]["job_id"]))
    [sent] = mail_server.mails
    assert sent.get_body(("plain",)).get_content().strip() == "As promised"  # type: ignore[union-attr]
    assert [(one.get_filename(), one.get_content()) for one in sent.iter_attachments()] == [("offer.pdf", b"%PDF")]


def test_files_are_uploaded_with_a_form(client: APIClient) -> None:
    form = {"to": [TO], "subject": "Offer", "body": "x", "attachments": [SimpleUploadedFile("a.txt", b"x" * 2_000_000)]}
    response = client.post("/api/mail/send", form, format="multipart")
    assert response.status_code == 202, response.json()
    assert OutgoingMail.objects.get().attachments.get().size == 2_000_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"attachments": [{"name": "../etc/passwd", "content": ""}]}, "attachments"),
        ({"attachments": [{"name": "a", "content": "%"}]}, "attachments"),
        ({"attachments": [{"name": "a", "content": "", "content_type": "x\ny"}]}, "attachments"),
        ({"attachments": [{"name": "a", "content": ""}] * 11}, "attachments"),
        ({"hold": -1}, "hold"),
        ({"from": "ceo@company.com"}, "from"),
        ({"template": "notification", "values": {"message": "x"}}, "body"),
        ({"body": ""}, "body"),
        ({"reply_to_message": 1, "subject": ""}, None),
    ],
)
def test_what_cannot_be_sent_is_refused(client: APIClient, change: dict[str, Any], field: str | None) -> None:
    response = client.post("/api/mail/send", {"to": TO, "subject": "s", "body": "b", **change}, format="json")
    assert (response.status_code, response.json().get("field")) in ((400, field), (404, None))
    assert not Job.objects.exists()


def test_an_upload_that_is_too_large_is_not_read(client: APIClient) -> None:
    response = client.post("/api/mail/send", "x", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH=10**9)
    assert response.status_code == 413


def test_a_template_makes_the_mail(client: APIClient) -> None:
    given = {"to": TO, "subject": "News", "template": "notification", "values": {"message": "It is <here>"}}
    post(client, "/send", given)
    made = OutgoingMail.objects.get()
    assert (made.subject, made.kind, made.template) == ("News", MailKind.NOTIFICATION, "notification")
    assert "&lt;here&gt;" in made.html


def test_a_message_is_answered_in_its_thread(client: APIClient, sync: Callable[..., list[Message]]) -> None:
    (message,) = sync(mail())
    post(client, "/send", {"reply_to_message": message.pk, "body": "Yes."})
    made = OutgoingMail.objects.get()
    assert (made.answers, made.subject, made.kind) == (message, "Re: An order", MailKind.REPLY)


def test_held_mail_is_taken_back(client: APIClient) -> None:
    post(client, "/send", {"to": TO, "subject": "s", "body": "b", "hold": 60})
    held = OutgoingMail.objects.get()
    assert held.status == MailStatus.HELD
    assert post(client, f"/{held.pk}/undo", {}, 200)["data"]["status"] == "draft"
    assert Job.objects.get().status == JobStatus.CANCELLED
    post(client, f"/{held.pk}/undo", {}, 409)


def test_what_waits_is_approved_or_rejected_once(client: APIClient, waiting: OutgoingMail) -> None:
    post(client, f"/{waiting.pk}/approve", {})
    post(client, f"/{waiting.pk}/approve", {}, 409)
    post(client, f"/{waiting.pk}/reject", {"reason": "no"}, 409)


def test_what_waits_is_rejected_with_a_reason(client: APIClient, waiting: OutgoingMail) -> None:
    row = post(client, f"/{waiting.pk}/reject", {"reason": "too short"}, 200)["data"]
    assert (row["status"], row["reason"]) == ("skipped", "rejected by shop: too short")


def test_a_doubt_is_resolved(client: APIClient, mail_server: Server, jobs_clock: object) -> None:
    mail_server.breaks.append(Break("dot", "drop"))
    job = Job.objects.get(pk=post(client, "/send", {"to": TO, "subject": "s", "body": "b"})["data"]["job_id"])
    run_job(run_job(job))
    post(client, f"/{OutgoingMail.objects.get().pk}/resolve", {"happened": True, "reason": "she has it"})
    assert run_job(job).status == JobStatus.COMPLETED
    assert len(mail_server.taken) == 1


def test_mail_is_listed_and_shown(client: APIClient, waiting: OutgoingMail) -> None:
    page = client.get("/api/mail?status=awaiting_approval&kind=transactional").json()["data"]
    assert [one["id"] for one in page["mail"]] == [waiting.pk]
    assert client.get(f"/api/mail/{waiting.pk}").json()["data"]["body"] == "Hello"
    assert client.get("/api/mail?status=draft").json()["data"]["mail"] == []
    assert client.get("/api/mail?status=nonsense").status_code == 400


def test_the_words_of_what_waits_are_changed(client: APIClient, waiting: OutgoingMail) -> None:
    edited = client.patch(f"/api/mail/{waiting.pk}", {"body": "Good day"}, format="json").json()["data"]
    assert (edited["body"], edited["subject"]) == ("Good day", waiting.subject)
    empty = client.patch(f"/api/mail/{waiting.pk}", {"subject": " "}, format="json")
    assert (empty.status_code, empty.json()["field"]) == (400, "subject")
    client.post(f"/api/mail/{waiting.pk}/reject", {}, format="json")
    assert client.patch(f"/api/mail/{waiting.pk}", {"body": "Late"}, format="json").status_code == 409
    assert AuditEntry.objects.order_by("pk").values_list("verb", flat=True)[0] == "edit"


def test_nobody_changes_the_words_of_anothers(client: APIClient, waiting: OutgoingMail, stranger: User) -> None:
    OutgoingMail.objects.update(user=stranger)
    assert client.patch(f"/api/mail/{waiting.pk}", {"body": "Mine"}, format="json").status_code == 404
    waiting.refresh_from_db()
    assert waiting.body == "Hello"


@pytest.mark.parametrize("path", ["", "/approve", "/reject", "/undo", "/resolve"])
def test_others_mail_is_not_found(client: APIClient, waiting: OutgoingMail, stranger: User, path: str) -> None:
    OutgoingMail.objects.update(user=stranger)
    call = client.post if path else client.get
    body: Any = {"happened": True, "reason": "x"} if path == "/resolve" else {}
    assert call(f"/api/mail/{waiting.pk}{path}", body, format="json").status_code == 404


def test_suppressions_are_the_users_own(client: APIClient, stranger: User, mail_server: Server) -> None:
    services.suppress("other@company.com", stranger)
    row = post(client, "/suppressions", {"address": "Jane@Company.com"}, 200)["data"]
    assert (row["address"], row["cause"]) == (TO, "manual")
    listed = client.get("/api/mail/suppressions").json()["data"]["suppressions"]
    assert [one["address"] for one in listed] == [TO]
    run_job(Job.objects.get(pk=post(client, "/send", {"to": TO, "subject": "s", "body": "b"})["data"]["job_id"]))
    assert (OutgoingMail.objects.get().status, mail_server.taken) == (MailStatus.SKIPPED, [])
    assert client.delete(f"/api/mail/suppressions/{row['id']}").status_code == 200
    theirs = Suppression.objects.get()
    assert client.delete(f"/api/mail/suppressions/{theirs.pk}").status_code == 404
    assert client.post("/api/mail/suppressions", {"address": "nobody"}, format="json").json()["field"] == "address"


@pytest.mark.parametrize(
    ("kind", "goes"), [(MailKind.TRANSACTIONAL, True), (MailKind.NOTIFICATION, False), (MailKind.FOLLOW_UP, False)]
)
def test_who_unsubscribed_gets_what_they_asked_for_only(
    mail_server: Server, settings: Settings, user: User, kind: MailKind, goes: bool
) -> None:
    settings.PUBLIC_URL = "https://fikiri.mail-server.org"
    run_job(services.send_email(TO, "News", "x", kind=MailKind.NOTIFICATION, user_id=user.pk))
    [sent] = mail_server.mails
    link = sent["List-Unsubscribe"].strip("<>")
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = link.removeprefix("https://fikiri.mail-server.org")
    strict = Client(enforce_csrf_checks=True)
    assert b"<button" in strict.get(path).content
    assert not Suppression.objects.exists()
    assert strict.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert strict.post(path).status_code == 200
    assert (Suppression.objects.get().address, Suppression.objects.get().user) == (TO, user)
    run_job(services.send_email(TO, "Again", "x", kind=kind, user_id=user.pk))
    assert (len(mail_server.taken) == 2) is goes


def test_a_link_that_somebody_changed_does_nothing(db: None) -> None:
    made = OutgoingMail(pk=1, to=[TO], kind=MailKind.NOTIFICATION)
    token = unsubscribing.link(made).rpartition("/")[2]
    assert Client().post(f"/mail/unsubscribe/{token[:-3]}abc").status_code == 404
    assert not Suppression.objects.exists()
