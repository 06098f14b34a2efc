"""The sample goes into a laptop's own database only, under a user of its own, and out again with one command."""

import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from crm.models import Contact
from email_automation.models import Mailbox
from fikiri import places
from fikiri.laptop import demo
from jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def enqueued() -> Job:
    return demo.sync()


def test_the_sample_is_synced_for_the_demo_user(enqueued: Job) -> None:
    mailbox = Mailbox.objects.get()
    assert (mailbox.user.username, mailbox.user.has_usable_password()) == ("demo", False)
    assert enqueued.owner_id == mailbox.user_id


def test_syncing_twice_makes_no_second_user_or_mailbox(enqueued: Job) -> None:
    demo.sync()
    assert (User.objects.count(), Mailbox.objects.count()) == (1, 1)


def test_a_database_elsewhere_is_not_the_laptops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(tmp_path / "precious.sqlite3"))
    assert not demo.belongs_here()
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(places.var() / "fikiri.sqlite3"))
    assert demo.belongs_here()


def test_the_first_start_is_the_one_that_finds_no_user() -> None:
    assert demo.is_first_start()
    User.objects.create_user("somebody")
    assert not demo.is_first_start()


def test_everything_of_the_demo_goes_and_nothing_else(enqueued: Job) -> None:
    mine = User.objects.create_user("ann")
    Contact.objects.create(user=User.objects.get(username="demo"), email="x@customers.example")
    Contact.objects.create(user=mine, email="y@customers.example")
    assert demo.remove()
    assert list(User.objects.all()) == [mine]
    assert Contact.objects.get().user == mine
    assert not Job.objects.exists()


def test_running_jobs_are_not_pulled_away(enqueued: Job) -> None:
    Job.objects.update(status="processing", claim=uuid.uuid4(), lease_until=timezone.now())
    with pytest.raises(demo.DemoBusyError):
        demo.remove()


def test_removing_what_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("remove_demo")
    assert "no demo" in capsys.readouterr().out
