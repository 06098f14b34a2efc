"""Gmail as somebody else simulates it (`myworld`), who has never seen this client."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import yaml
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.connecting import accounts
from email_automation.gmail import Client, HistoryExpired, NotFound, Temporary
from email_automation.models import Copy, Mailbox, Message, Provider
from email_automation.syncing import sync
from jobs import clock
from tests.email_automation.gmail.conftest import ADDRESS, NoLimit
from tests.servers.ports import free_port
from tests.servers.programs import Programs, eventually

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.only_on("sqlite")]
LETTERS = 6


class World:
    """`myworld serve` with one mailbox."""

    def __init__(self, programs: Programs, folder: Path, **more: object) -> None:
        emails = [
            {
                "id": f"m{number}",
                "from": "ada@fikiri.example",
                "to": [ADDRESS],
                "subject": f"Letter {number}",
                "body": "Hello.",
                "date": f"2026-09-{number + 10}T09:04:00Z",
                "labels": ["INBOX", "UNREAD"],
            }
            for number in range(LETTERS)
        ]
        seed = {"user": {"email": ADDRESS, "name": "Shop"}, "emails": emails}
        spec = {"name": "mailbox", "task": "none", "servers": {"gmail": {"seed": seed}}, **more}
        (folder / "world.yaml").write_text(yaml.safe_dump(spec))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        command = Path(sys.executable).parent / "myworld"
        programs.start(str(command), "serve", "--env", str(folder / "world.yaml"), "--port", str(port))
        eventually(self._answers, 60, "myworld")
        (run,) = requests.get(f"{self.url}/envs", timeout=10).json()["envs"]
        self.token = run["credentials"]["agent"]["google_access_token"]

    @property
    def root(self) -> str:
        return f"{self.url}/gw/gmail.googleapis.com"

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/envs", timeout=5).ok
        except requests.ConnectionError:
            return False


@pytest.fixture
def world(programs: Programs, tmp_path: Path) -> World:
    return World(programs, tmp_path)


def test_a_mailbox_is_synced_and_its_forgotten_history_doubles_nothing(
    world: World, user: User, settings: Settings
) -> None:
    settings.GMAIL_API_ROOT = world.root
    settings.GMAIL_USER_UNITS = settings.GMAIL_USER_UNITS_LIMIT = settings.GMAIL_PROJECT_UNITS = 100_000_000
    mailbox = Mailbox.objects.create(user=user, kind="gmail", name="Gmail", location=ADDRESS, window_days=None)
    until = clock.now() + timedelta(hours=1)
    tokens = {"refresh_token": world.token, "access_token": world.token, "access_until": until}
    accounts.keep(mailbox, Provider.GMAIL, ADDRESS, **tokens)
    run = sync.run(services.sync_mailbox(mailbox).pk)
    assert (run.synced, run.duplicates) == (LETTERS, 0)
    mailbox.refresh_from_db()
    assert mailbox.position
    mailbox.position["history"] = 7  # long before what it remembers
    mailbox.save(update_fields=["position"])
    Copy.objects.filter(message__subject="Letter 2").delete()
    Message.objects.filter(subject="Letter 2").delete()
    run = sync.run(services.sync_mailbox(mailbox).pk)
    assert (run.synced, run.duplicates, run.gone) == (1, LETTERS - 1, 0)
    assert Message.objects.count() == LETTERS
    mailbox.refresh_from_db()
    assert int(mailbox.position["history"]) >= 1000


def test_the_client_reads_its_answers(world: World) -> None:
    from google.oauth2.credentials import Credentials

    credentials = Credentials(world.token)  # type: ignore[no-untyped-call]
    with Client(credentials, NoLimit(), world.root) as gmail:
        assert gmail.profile().address == ADDRESS
        with pytest.raises(HistoryExpired):
            gmail.history(7)
        with pytest.raises(NotFound):
            gmail.message("nobody")
        label = gmail.create_label("Bills")
        newest = gmail.ids().ids[0]
        assert gmail.modify(newest, add=[label.id], remove=["UNREAD"]).labels == frozenset({"INBOX", label.id})
        draft = gmail.create_draft(b"To: ada@fikiri.example\r\nSubject: Yes\r\n\r\nWith pleasure.\r\n")
        assert "SENT" in (gmail.send_draft(draft.id).labels or ())
        with pytest.raises(NotFound):
            gmail.send_draft(draft.id)


def test_a_draft_whose_sending_ran_out_of_time_after_it_was_sent_is_found_to_be_gone(
    programs: Programs, tmp_path: Path
) -> None:
    from google.oauth2.credentials import Credentials

    fault = {"server": "gmail", "tool": "*drafts*send", "kind": "timeout_after_commit", "on_call": 1}
    world = World(programs, tmp_path, faults=[fault])
    credentials = Credentials(world.token)  # type: ignore[no-untyped-call]
    with Client(credentials, NoLimit(), world.root) as gmail:
        draft = gmail.create_draft(b"To: ada@fikiri.example\r\nSubject: Yes\r\n\r\nWith pleasure.\r\n")
        with pytest.raises(Temporary) as raised:
            gmail.send_draft(draft.id)
        assert raised.value.perhaps_done
        with pytest.raises(NotFound):
            gmail.send_draft(draft.id)
        assert len(gmail.ids("in:sent").ids) == 1
