"""The stand-in for Gmail, judged by Google's own client and by Google's own description of the API."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload

from tests.email_automation.gmail.conftest import ADDRESS, credentials
from tests.email_automation.mailboxes.letters import letter
from tests.servers.gmail import Box, GmailServer, discovery
from tests.servers.gmail.calls import CALLS
from tests.servers.gmail.units import COSTS


@pytest.fixture
def google(server: GmailServer, box: Box) -> Iterator[Any]:
    """Google's own client; whatever it is answered with, is checked against its description on the way."""
    options = ClientOptions(api_endpoint=server.url)
    service = build(
        "gmail",
        "v1",
        credentials=credentials(server),
        static_discovery=True,
        cache_discovery=False,
        client_options=options,
    )
    yield service.users()
    service.close()


OUTGOING = b"To: ada@fikiri.example\n" + letter(1)


def raw(mail: bytes) -> str:
    return base64.urlsafe_b64encode(mail).decode()


def test_every_call_is_one_of_googles_with_its_address_and_verb() -> None:
    for name, verb, pattern, _ in CALLS:
        part = discovery.document()["resources"]["users"]
        *resources, method = name.split(".")
        for resource in resources:
            part = part["resources"][resource]
        described = part["methods"][method]
        assert (verb, "gmail/v1/users/{userId}" + pattern.replace("([^/]+)", "{id}")) == (
            described["httpMethod"],
            described["flatPath"],
        )
        assert name in COSTS


def test_google_s_client_reads_a_mailbox(google: Any, box: Box) -> None:
    ids = [box.deliver(letter(number)) for number in range(3)]
    assert google.getProfile(userId="me").execute()["emailAddress"] == ADDRESS
    request = google.messages().list(userId="me", maxResults=2)
    found: list[str] = []
    while request is not None:
        answer = request.execute()
        found += [one["id"] for one in answer["messages"]]
        request = google.messages().list_next(request, answer)
    assert found == ids[::-1]
    for form in ("minimal", "metadata", "full", "raw"):
        message = google.messages().get(userId="me", id=ids[0], format=form).execute()
        assert message["labelIds"] == ["INBOX", "UNREAD"]
    assert base64.urlsafe_b64decode(message["raw"]) == letter(0)


def test_google_s_client_follows_the_history(google: Any, box: Box) -> None:
    start = box.history_id
    message_id = box.deliver(letter(1))
    google.messages().modify(userId="me", id=message_id, body={"removeLabelIds": ["UNREAD"]}).execute()
    request = google.history().list(userId="me", startHistoryId=start, maxResults=1)
    records: list[Any] = []
    while request is not None:
        answer = request.execute()
        records += answer.get("history", [])
        request = google.history().list_next(request, answer)
    assert ["messagesAdded" in records[0], "labelsRemoved" in records[1]] == [True, True]
    box.forget_history()
    with pytest.raises(HttpError, match="404"):
        google.history().list(userId="me", startHistoryId=start).execute()


def test_google_s_client_drafts_and_sends(google: Any, box: Box) -> None:
    draft = google.drafts().create(userId="me", body={"message": {"raw": raw(OUTGOING)}}).execute()
    assert google.drafts().get(userId="me", id=draft["id"]).execute()["message"]["labelIds"] == ["DRAFT"]
    google.drafts().send(userId="me", body={"id": draft["id"]}).execute()
    with pytest.raises(HttpError, match="404"):
        google.drafts().send(userId="me", body={"id": draft["id"]}).execute()
    google.messages().send(userId="me", body={"raw": raw(OUTGOING)}).execute()
    google.drafts().delete(
        userId="me", id=google.drafts().create(userId="me", body={"message": {"raw": raw(OUTGOING)}}).execute()["id"]
    ).execute()
    assert len(box.sent) == 2


def test_google_s_client_uploads(google: Any, box: Box) -> None:
    media = MediaInMemoryUpload(OUTGOING, mimetype="message/rfc822")
    for request in (
        google.messages().send(userId="me", body={"threadId": "t1"}, media_body=media),
        google.drafts().create(userId="me", body={"message": {"threadId": "t1"}}, media_body=media),
    ):
        request.uri = request.uri.replace("https://", "http://")  # the client takes over the host, not the scheme
        request.execute()
    assert [held.thread for held in box.messages.values()] == ["t1", "t1"]
    assert [held.mail["subject"] for held in box.messages.values()] == ["Letter 1"] * 2


def test_google_s_client_makes_labels_and_watches(google: Any, box: Box) -> None:
    label = google.labels().create(userId="me", body={"name": "Bills"}).execute()
    assert label in google.labels().list(userId="me").execute()["labels"]
    google.watch(userId="me", body={"topicName": "projects/p/topics/t"}).execute()
    google.stop(userId="me").execute()


def test_google_s_client_renews_its_token(google: Any, server: GmailServer) -> None:
    server.end_tokens(ADDRESS)
    assert google.getProfile(userId="me").execute()["emailAddress"] == ADDRESS
    assert server.refreshed == [ADDRESS]


def test_nobody_reads_another_s_mail(google: Any, server: GmailServer) -> None:
    server.account("other@elsewhere.example")
    with pytest.raises(HttpError, match="403"):
        google.getProfile(userId="other@elsewhere.example").execute()


def test_a_wrong_answer_is_found(server: GmailServer) -> None:
    assert discovery.problems("getProfile", {"emailAddress": 1, "historyId": "x", "more": 1}) == [
        "getProfile: Profile.emailAddress is no string",
        "getProfile: Profile.historyId is no number in a string",
        "getProfile: Profile has no more",
    ]
    assert discovery.problems("stop", None) == []


def test_each_request_is_written_down_with_its_token(server: GmailServer, google: Any) -> None:
    google.getProfile(userId="me").execute()
    (asked,) = server.asked
    assert (asked.token, asked.address, asked.call, asked.status, asked.done) == (
        f"access-{ADDRESS}",
        ADDRESS,
        "getProfile",
        200,
        True,
    )
