"""Commands enqueue, and refuse bad input with exit code 2."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from email_automation.models import Mailbox, OutgoingMail
from jobs.models import Job
from jobs.testing import drain
from tests.email_automation.conftest import Model
from tests.email_automation.mailboxes.letters import letter, mbox

pytestmark = pytest.mark.django_db


def command(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue().strip()


def refusal(*args: str) -> str:
    with pytest.raises(CommandError) as refused:
        command(*args)
    assert refused.value.returncode == 2
    return str(refused.value)


def test_a_path_is_added_and_synced(user: User, tmp_path: Path) -> None:
    job_id = command("sync_mailbox", str(mbox(tmp_path, letter(1))), "--user", "shop")
    assert str(Job.objects.get(task="process_gmail_sync", owner_id=user.pk).pk) == job_id


def test_a_known_mailbox_is_synced_by_its_id(user: User, tmp_path: Path) -> None:
    path = str(mbox(tmp_path, letter(1)))
    first = command("sync_mailbox", path, "--user", "shop")
    assert command("sync_mailbox", str(Mailbox.objects.get().pk)) == first


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("/nowhere", "--user", "shop"), "/nowhere does not exist"),
        (("404",), "There is no mailbox 404"),
        (("/nowhere",), "--user USER"),
        (("/nowhere", "--user", "nobody"), "no user nobody"),
    ],
)
def test_a_mailbox_that_is_none_is_refused(user: User, args: tuple[str, ...], said: str) -> None:
    assert said in refusal("sync_mailbox", *args)
    assert not Mailbox.objects.exists()


def test_it_waits_for_the_end(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(mbox(tmp_path, letter(1)))
    job_id = command("sync_mailbox", path, "--user", "shop")
    drain()
    monkeypatch.setattr("email_automation.services.sync_mailbox", lambda _, **limits: Job.objects.get(pk=job_id))
    assert "'emails_synced': 1" in command("sync_mailbox", path, "--user", "shop", "--wait")


def test_a_wait_that_is_too_long_is_given_up_with_exit_code_1(user: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="still pending") as given_up:
        command("sync_mailbox", str(mbox(tmp_path, letter(1))), "--user", "shop", "--wait", "--timeout", "0")
    assert given_up.value.returncode == 1


def test_a_mail_is_enqueued(db: None) -> None:
    job_id = command("send_email", "a@company.com", "b@company.com", "--subject", "Hi", "--body", "Hello")
    mail = OutgoingMail.objects.get(job_id=job_id)
    assert mail.to == ["a@company.com", "b@company.com"]


def test_a_mail_with_html_and_files_is_enqueued(db: None, tmp_path: Path) -> None:
    page, offer, other = (tmp_path / name for name in ("page.html", "offer.pdf", "notes.tar.gz"))
    page.write_text("<p>As <b>promised</b>: Büro</p>")
    offer.write_bytes(b"%PDF-1.7")
    other.write_bytes(b"\x1f\x8b")
    asked = ("a@company.com", "--subject", "Hi", "--html", str(page), "--attach", str(offer), str(other))
    mail = OutgoingMail.objects.get(job_id=command("send_email", *asked))
    assert (mail.html, mail.body) == ("<p>As <b>promised</b>: Büro</p>", "")
    assert [(one.name, one.content_type, bytes(one.content)) for one in mail.attachments.all()] == [
        ("offer.pdf", "application/pdf", b"%PDF-1.7"),
        ("notes.tar.gz", "application/octet-stream", b"\x1f\x8b"),
    ]


def test_files_are_checked_as_everywhere(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("send_email", "a@company.com", "--subject", "Hi", "--body", "Hello")
    small, latin = tmp_path / "small.txt", tmp_path / "latin.html"
    small.write_text("x")
    latin.write_bytes(b"B\xfcro")
    assert "at most 10 files" in refusal(*asked, "--attach", *[str(small)] * 11)
    assert "No such file" in refusal(*asked, "--attach", str(tmp_path / "nowhere"))
    assert "is not in UTF-8" in refusal(*asked, "--html", str(latin))
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(15_000_001)
    assert "large.bin is longer than 15 MB" in refusal(*asked, "--attach", str(large))
    assert not OutgoingMail.objects.exists()


def test_a_mail_to_no_address_is_refused(db: None) -> None:
    assert refusal("send_email", "nobody", "--subject", "Hi", "--body", "Hello").startswith("to is not an address")


def test_a_prompt_is_enqueued(user: User, model: Model) -> None:
    assert Job.objects.get(pk=command("ask_ai", "Why?", "--user", "shop")).arguments["prompt"] == "Why?"


def test_a_prompt_for_nobody_is_refused(db: None) -> None:
    assert refusal("ask_ai", "Why?", "--user", "nobody") == "There is no user nobody."


def test_an_empty_prompt_is_refused(user: User) -> None:
    assert "prompt has to be" in refusal("ask_ai", " ", "--user", "shop")
