"""The five mails of the old platform: its names and arguments, a row and a job, and tokens that nobody reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.serializers import serialize
from pytest_django.fixtures import Settings

from email_automation import jobs as old
from email_automation import services as mail_services
from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending.recipients import BadMailError
from email_automation.sending.templating import letter_of
from jobs import services
from jobs.errors import Refused
from jobs.models import Effect, Job, JobStatus
from jobs.testing import FrozenClock, drain, run_job
from tests.servers.smtp import Break, Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jobs_clock")]

TO = "jane@company.com"
TOKEN = "s3cret/token+with=signs"
QUOTED = "s3cret%2Ftoken%2Bwith%3Dsigns"


@pytest.fixture(autouse=True)
def public(settings: Settings) -> None:
    settings.FRONTEND_URL = settings.PUBLIC_URL = "https://fikiri.mail-server.org"


def sent(job_id: str, server: Server) -> Any:
    assert run_job(Job.objects.get(pk=job_id)).status == JobStatus.COMPLETED
    return server.mails[-1]


@pytest.mark.parametrize(
    ("name", "arguments", "subject", "said"),
    [
        ("queue_welcome_email", ("Jane", "Engines Ltd"), "Welcome to Fikiri, Jane", "Engines Ltd"),
        ("queue_onboarding_email", ("Jane", 2), "Step 2 of setting up Fikiri", "/onboarding/3"),
        ("queue_email_verification_email", ("Jane", TOKEN), "Confirm your address for Fikiri", QUOTED),
        ("queue_notification_email", ("A <sale>", "Three & four"), "A <sale>", "Three & four"),
    ],
)
def test_each_goes_in_text_and_html(
    mail_server: Server, user: User, name: str, arguments: tuple[Any, ...], subject: str, said: str
) -> None:
    mail = sent(getattr(old.email_job_manager, name)(user.pk, TO, *arguments), mail_server)
    assert (mail["To"], mail["Subject"], mail.get_content_type()) == (TO, subject, "multipart/alternative")
    assert said in mail.get_body(("plain",)).get_content()
    assert said.replace("&", "&amp;") in mail.get_body(("html",)).get_content()
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_reset_token_is_in_the_mail_and_nowhere_else(mail_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    job_id = old.queue_password_reset_email(TO, TOKEN, name="Jane")
    before = _all_that_is_stored()
    mail = sent(job_id, mail_server)
    link = f"https://fikiri.mail-server.org/reset-password?token={QUOTED}"
    assert link in mail.get_body(("plain",)).get_content()
    assert f'href="{link}"' in mail.get_body(("html",)).get_content()
    for place in (before, _all_that_is_stored(), caplog.text):
        assert TOKEN not in place
        assert QUOTED not in place
    assert (OutgoingMail.objects.get().status, bool(OutgoingMail.objects.get().sealed)) == (MailStatus.SENT, False)


def test_the_token_is_kept_until_the_mail_went(mail_server: Server) -> None:
    mail_server.breaks.append(Break("mail", "450 later"))
    job = run_job(Job.objects.get(pk=old.queue_password_reset_email(TO, TOKEN)))
    assert (job.status, bool(OutgoingMail.objects.get().sealed)) == (JobStatus.RETRYING, True)
    assert QUOTED in sent(str(job.pk), mail_server).get_body(("plain",)).get_content()


@pytest.mark.parametrize("how", ["refused", "cancelled", "dead"])
def test_the_token_of_a_mail_that_will_not_go_is_erased_and_running_it_again_says_so(
    mail_server: Server, how: str
) -> None:
    job = Job.objects.get(pk=old.queue_password_reset_email(TO, TOKEN))
    if how == "cancelled":
        services.cancel(job.pk)
    elif how == "refused":
        mail_server.breaks.append(Break("rcpt", "550 nobody here"))
        run_job(job)
    else:
        Job.objects.filter(pk=job.pk).update(max_retries=0)
        mail_server.breaks.append(Break("mail", "450 later"))
        run_job(job)
    assert (OutgoingMail.objects.get().status, bool(OutgoingMail.objects.get().sealed)) == (MailStatus.FAILED, False)
    services.retry(job.pk)
    assert run_job(job).status == JobStatus.FAILED
    assert "what was sealed in it is erased; ask for a new one" in OutgoingMail.objects.get().reason
    assert mail_server.taken == []


def test_the_token_of_a_mail_in_doubt_is_kept_for_a_person_who_knows(mail_server: Server, user: User) -> None:
    mail_server.breaks.append(Break("dot", "drop"))
    job = run_job(Job.objects.get(pk=old.queue_password_reset_email(TO, TOKEN)))
    assert run_job(job).status == JobStatus.IN_DOUBT
    mail_services.resolve_doubt(OutgoingMail.objects.get(), user, happened=False, reason="Jane says so.")
    assert run_job(job).status == JobStatus.COMPLETED
    assert not OutgoingMail.objects.get().sealed


def test_a_link_that_has_expired_is_not_sent_and_its_token_is_erased(
    mail_server: Server, user: User, jobs_clock: FrozenClock
) -> None:
    old.queue_email_verification_email(user.pk, TO, "Jane", TOKEN, expires_in_seconds=600)
    jobs_clock.advance(601)
    from jobs.lifecycle import expire_overdue

    expire_overdue()
    drain(check=False)
    mail = OutgoingMail.objects.get()
    assert (mail.status, bool(mail.sealed), mail_server.taken) == (MailStatus.FAILED, False, [])


def test_what_a_caller_gives_is_text_and_one_line_in_a_subject(mail_server: Server, user: User) -> None:
    mail = sent(old.queue_welcome_email(user.pk, TO, "<b>Jane</b>\r\nBcc: eve@evil.com"), mail_server)
    assert mail["Subject"] == "Welcome to Fikiri, <b>Jane</b> Bcc: eve@evil.com"
    assert mail["Bcc"] is None
    assert "&lt;b&gt;Jane" in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: old.queue_welcome_email(10**9, TO, "Jane"), Refused, "no user"),
        (lambda: old.queue_password_reset_email("nobody", TOKEN), BadMailError, "to"),
        (lambda: old.queue_password_reset_email(TO, ""), Refused, "token"),
    ],
)
def test_bad_arguments_are_refused_at_once(call: Callable[[], str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()
    assert not Job.objects.exists()


def test_a_projects_own_template_takes_the_place_of_ours(settings: Settings, tmp_path: Path) -> None:
    ours = letter_of("welcome", TO, {"name": "Jane"})
    folder = tmp_path / "email_automation" / "mail"
    folder.mkdir(parents=True)
    (folder / "welcome.subject.txt").write_text("Karibu {{ name }}")
    [backend] = settings.TEMPLATES
    settings.TEMPLATES = [{**backend, "DIRS": [tmp_path]}]
    theirs = letter_of("welcome", TO, {"name": "Jane"})
    assert (theirs.subject, theirs.body) == ("Karibu Jane", ours.body)
    assert theirs.template_version != ours.template_version


def _all_that_is_stored() -> str:
    """Rows as they lie in the database, decrypted where somebody sees them so."""
    rows = [*OutgoingMail.objects.all(), *Job.objects.all(), *Effect.objects.all()]
    return str(serialize("json", rows)) + repr([vars(row) for row in rows])
