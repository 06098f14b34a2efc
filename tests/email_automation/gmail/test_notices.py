"""Gmail's notices bring a sync and nothing else, and are believed only where Google signed them; polling is the net."""

import base64
import datetime
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from google.auth import crypt, jwt
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.connecting import oauth
from email_automation.connecting.encryption import Secret
from email_automation.models import Mailbox, SyncRun
from email_automation.syncing import gmail_notices, polling, sync
from jobs import testing
from jobs.models import Job, JobStatus, Schedule
from tests.email_automation.gmail.conftest import ADDRESS, connected
from tests.servers.gmail import Box, GmailServer

pytestmark = pytest.mark.django_db
URL = "/api/mail/gmail/push"
AUDIENCE = "https://fikiri.example/api/mail/gmail/push"
ACCOUNT = "pusher@project.iam.gserviceaccount.com"


class Google:
    """Signs tokens, and serves the certificates to check them with."""

    def __init__(self) -> None:
        self.keys = {"k1": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.asked = 0

    def certificates(self) -> dict[str, str]:
        return {name: _certificate(key) for name, key in self.keys.items()}

    def token(self, *, key: str = "k1", signed_with: str = "", **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://accounts.google.com",
            "aud": AUDIENCE,
            "email": ACCOUNT,
            "email_verified": True,
            "iat": now,
            "exp": now + 3600,
        }
        pem = self.keys[signed_with or key].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signer = crypt.RSASigner.from_string(pem, key)  # type: ignore[no-untyped-call]
        return bytes(jwt.encode(signer, claims | changes)).decode()  # type: ignore[no-untyped-call]


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "google")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def keys() -> dict[str, rsa.RSAPrivateKey]:
    return {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("k1", "k2")}


@pytest.fixture
def google(settings: Settings, keys: dict[str, rsa.RSAPrivateKey]) -> Iterator[Google]:
    google = Google()
    google.keys = {"k1": keys["k1"]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            google.asked += 1
            body = json.dumps(google.certificates()).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The test counts instead."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        settings.GOOGLE_CERTS_URL = f"http://127.0.0.1:{http.server_port}/certs"
        settings.GMAIL_PUSH_AUDIENCE, settings.GMAIL_PUSH_ACCOUNT = AUDIENCE, ACCOUNT
        gmail_notices.keys.forget()
        yield google
        gmail_notices.keys.forget()
        http.shutdown()
        thread.join()


def body(address: str = ADDRESS, history: int = 10**9) -> dict[str, Any]:
    data = base64.b64encode(json.dumps({"emailAddress": address, "historyId": history}).encode()).decode()
    return {"message": {"data": data, "messageId": "1", "publishTime": "2026-11-26T09:00:00Z"}, "subscription": "s"}


def post(client: Client, token: str, what: Any = None) -> int:
    given = body() if what is None else what
    answer = client.post(URL, given, content_type="application/json", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code != 204 or answer.content == b""
    return answer.status_code


def test_a_notice_brings_a_sync(client: Client, google: Google, mailbox: Mailbox) -> None:
    assert post(client, google.token()) == 204
    assert SyncRun.objects.get().sync_type == "push"


def test_a_burst_of_notices_brings_one_sync(client: Client, google: Google, mailbox: Mailbox) -> None:
    for _ in range(20):
        assert post(client, google.token()) == 204
    assert Job.objects.filter(task="process_gmail_sync").count() == 1
    assert google.asked == 1


def test_a_notice_of_what_is_known_already_brings_none(
    client: Client, google: Google, mailbox: Mailbox, box: Box
) -> None:
    sync.run(services.sync_mailbox(mailbox).pk)
    assert post(client, google.token(), body(history=box.history_id)) == 204
    assert SyncRun.objects.count() == 1
    assert post(client, google.token(), body(history=box.history_id + 1)) == 204
    assert SyncRun.objects.count() == 2


def test_an_address_that_nobody_knows_gets_the_same_answer(client: Client, google: Google, mailbox: Mailbox) -> None:
    assert post(client, google.token(), body("nobody@elsewhere.example")) == 204
    assert not SyncRun.objects.exists()


def test_everybody_who_connected_the_address_is_synced_and_nobody_else(
    client: Client, google: Google, mailbox: Mailbox, server: GmailServer, stranger: User
) -> None:
    server.account("other@elsewhere.example")
    connected(stranger, "other@elsewhere.example")
    post(client, google.token(), body(ADDRESS.upper()))
    assert [run.mailbox for run in SyncRun.objects.all()] == [mailbox]


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example"},
        {"email": "other@project.iam.gserviceaccount.com"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_700_000_000},
        {"iat": 4_000_000_000, "exp": 4_000_000_100},
    ],
    ids=str,
)
def test_a_token_for_or_of_somebody_else_is_not_believed(
    client: Client, google: Google, mailbox: Mailbox, changes: dict[str, Any]
) -> None:
    assert post(client, google.token(**changes)) == 401
    assert not SyncRun.objects.exists()


def test_a_token_that_google_did_not_sign_is_not_believed(
    client: Client, google: Google, mailbox: Mailbox, keys: dict[str, rsa.RSAPrivateKey]
) -> None:
    google.certificates()
    forged = Google()
    forged.keys = {"k1": keys["k2"]}
    assert post(client, forged.token()) == 401
    header, claims, _ = google.token().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').rstrip(b"=").decode()
    for token in ("", "x", "a.b.c", f"{none}.{claims}.", f"{header}.{claims}.AAAA", "ä" * 40, "x" * 9000):
        assert post(client, token) == 401
    assert not SyncRun.objects.exists()


def test_a_new_key_of_google_s_is_looked_for_and_unknown_ones_do_not_make_us_ask_for_ever(
    client: Client,
    google: Google,
    mailbox: Mailbox,
    keys: dict[str, rsa.RSAPrivateKey],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert post(client, google.token()) == 204
    google.keys["k2"] = keys["k2"]
    token = google.token(key="k2")
    for _ in range(5):
        assert post(client, token) == 401
    assert google.asked == 1
    monkeypatch.setattr(gmail_notices, "LOOK_AGAIN", 0.0)
    assert post(client, token) == 204


def test_without_google_s_keys_nobody_is_believed(
    client: Client, google: Google, mailbox: Mailbox, settings: Settings
) -> None:
    settings.GOOGLE_CERTS_URL = "http://127.0.0.1:9/"
    assert post(client, google.token()) == 401


@pytest.mark.parametrize(
    "what",
    [{}, [], "x", {"message": {}}, {"message": {"data": "%%%"}}, {"message": {"data": "e30="}}, {"message": None}],
    ids=str,
)
def test_what_is_no_notice_is_taken_and_thrown_away(
    client: Client, google: Google, mailbox: Mailbox, what: Any
) -> None:
    assert post(client, google.token(), what) == 204
    assert not SyncRun.objects.exists()


def test_there_is_no_such_address_where_nobody_set_it_up(client: Client, db: None) -> None:
    assert post(client, "x") == 404


def test_nothing_but_a_post_is_answered(client: Client, google: Google) -> None:
    assert client.get(URL).status_code == 405


def test_notices_are_asked_for_when_an_account_is_connected_and_again_before_they_end(
    mailbox: Mailbox, box: Box, settings: Settings
) -> None:
    settings.GMAIL_TOPIC = "projects/p/topics/t"
    polling.begin(mailbox)
    assert testing.run_job(Job.objects.get(task="watch_mailbox")).status == JobStatus.COMPLETED
    mailbox.refresh_from_db()
    assert mailbox.watched_until
    assert mailbox.watched_until > timezone.now() + datetime.timedelta(days=6)
    assert list(gmail_notices.due()) == []
    Mailbox.objects.update(watched_until=timezone.now() + datetime.timedelta(days=5))
    assert list(gmail_notices.due()) == [mailbox]
    assert box.watches == ["projects/p/topics/t"]


def test_without_a_topic_no_notices_are_asked_for(mailbox: Mailbox, box: Box) -> None:
    assert list(gmail_notices.due()) == []
    assert gmail_notices.watch(mailbox.pk) == ""
    assert box.watches == []


def test_connecting_the_first_account_makes_the_schedules_and_a_paused_one_stays_so(
    mailbox: Mailbox, stranger: User, server: GmailServer
) -> None:
    assert set(Schedule.objects.values_list("task", flat=True)) == {"poll_mailboxes", "watch_mailboxes"}
    Schedule.objects.update(paused=True)
    connected(stranger, "other@elsewhere.example")
    assert Schedule.objects.filter(paused=True).count() == 2


def test_each_connected_mailbox_is_asked_every_few_minutes(
    mailbox: Mailbox, box: Box, stranger: User, settings: Settings
) -> None:
    Mailbox.objects.create(user=stranger, kind="mbox", name="file", location="/tmp/none")
    Mailbox.objects.create(user=stranger, kind="gmail", name="never connected", location="")
    assert [polling.poll(), polling.poll()] == [1, 0]
    sync.run(SyncRun.objects.get().job_id)
    assert polling.poll() == 0
    settings.MAIL_POLL_SECONDS = 0.0
    assert polling.poll() == 1


def test_a_sync_that_failed_just_now_is_not_asked_for_again(
    mailbox: Mailbox, server: GmailServer, settings: Settings
) -> None:
    settings.MAIL_POLL_SECONDS = 0.0
    server.fault("getProfile", status=403, reason="insufficientPermissions", times=9)
    polling.poll()
    job = testing.run_job(Job.objects.get(task="process_gmail_sync"))
    assert (job.status, polling.poll()) == (JobStatus.FAILED, 0)
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - datetime.timedelta(hours=2))
    assert polling.poll() == 1


def test_an_account_that_has_to_be_connected_again_is_left_alone(mailbox: Mailbox) -> None:
    mailbox.account.state = "needs_reauth"
    mailbox.account.save(update_fields=["state"])
    assert polling.poll() == 0


@pytest.fixture
def told_until_next_week(mailbox: Mailbox) -> Mailbox:
    mailbox.watched_until = timezone.now() + datetime.timedelta(days=6)
    mailbox.save()
    return mailbox


def test_disconnecting_ends_the_notices(
    told_until_next_week: Mailbox, server: GmailServer, revoking: list[str]
) -> None:
    assert services.disconnect(told_until_next_week, by="jane")
    assert ([asked.status for asked in server.calls("stop")], revoking) == ([204], [f"refresh-{ADDRESS}"])
    told_until_next_week.refresh_from_db()
    assert told_until_next_week.watched_until is None


@pytest.mark.parametrize("fault", [{"status": 503}, {"cut": True}, {"status": 429}, {"status": 401}], ids=str)
def test_notices_that_cannot_be_ended_keep_no_account_connected(
    told_until_next_week: Mailbox, server: GmailServer, revoking: list[str], fault: dict[str, Any]
) -> None:
    server.fault("stop", **fault, times=9)
    assert services.disconnect(told_until_next_week, by="jane")
    assert 1 <= len(server.calls("stop")) <= 2
    assert revoking == [f"refresh-{ADDRESS}"]


def test_another_mailbox_of_the_same_address_keeps_its_notices(
    told_until_next_week: Mailbox, server: GmailServer, revoking: list[str], stranger: User
) -> None:
    connected(stranger)
    assert services.disconnect(told_until_next_week, by="jane")
    assert server.calls("stop") == []


def test_an_account_that_is_told_nothing_asks_for_no_end(
    mailbox: Mailbox, server: GmailServer, revoking: list[str]
) -> None:
    assert services.disconnect(mailbox, by="jane")
    assert server.calls("stop") == []


@pytest.fixture
def revoking(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that were taken back, where that is not what the test is about."""
    revoked: list[str] = []

    def revoke(token: Secret) -> bool:
        revoked.append(token.reveal())
        return True

    monkeypatch.setattr(oauth, "revoke", revoke)
    return revoked
