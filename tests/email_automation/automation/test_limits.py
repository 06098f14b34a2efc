"""How much happens without a person is counted under a lock: at most so much, whoever asks at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.automation import limits
from email_automation.automation import permission as automation
from email_automation.automation.limits import Kind, Wish
from email_automation.models import AutomaticAction, MailKind, MailStatus, OutgoingMail
from jobs.errors import Snooze
from jobs.models import Job, JobStatus
from jobs.testing import FrozenClock, run_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mail_sink")]


def wish(user: User, key: object, kind: Kind = Kind.REPLY, address: str = "ada@acme.com") -> Wish:
    return Wish(user.pk, kind, f"mail:{key}", address)


def mail_of_a_rule(user: User, number: int = 1, **more: object) -> OutgoingMail:
    fields = {"to": ["Ada@acme.com"], "subject": f"{number}", "body": "x", "released_by_rule": True, **more}
    return OutgoingMail.objects.create(user=user, status=MailStatus.QUEUED, kind=MailKind.REPLY, **fields)


def test_a_contact_gets_two_automatic_mails_a_day(user: User, jobs_clock: FrozenClock) -> None:
    assert limits.take(wish(user, 1)) == ""
    assert limits.take(wish(user, 2, Kind.FOLLOW_UP, "ADA@acme.com")) == ""
    assert "2 automatic mails went to this contact within a day" in limits.take(wish(user, 3))
    assert limits.take(wish(user, 4, address="grace@acme.com")) == ""
    jobs_clock.advance(24 * 3600 + 1)
    assert limits.take(wish(user, 5)) == ""


def test_the_same_effect_tried_again_counts_once(user: User) -> None:
    for _ in range(5):
        assert limits.take(wish(user, 1)) == ""
    assert AutomaticAction.objects.count() == 1


def test_over_the_pace_it_waits_until_there_is_a_place(user: User, settings: Settings, jobs_clock: FrozenClock) -> None:
    settings.AUTO_ACTIONS_IN_5_MINUTES = 2
    limits.take(wish(user, 1, Kind.MAILBOX))
    jobs_clock.advance(100)
    limits.take(wish(user, 2, Kind.MAILBOX))
    with pytest.raises(Snooze) as snoozed:
        limits.take(wish(user, 3, Kind.MAILBOX))
    assert snoozed.value.seconds == pytest.approx(200, abs=2)
    jobs_clock.advance(201)
    assert limits.take(wish(user, 3, Kind.MAILBOX)) == ""


def test_an_hour_has_its_own_limit(user: User, settings: Settings, jobs_clock: FrozenClock) -> None:
    settings.AUTO_ACTIONS_AN_HOUR = 3
    for number in range(3):
        limits.take(wish(user, number, Kind.MAILBOX))
        jobs_clock.advance(600)
    with pytest.raises(Snooze, match="3 automatic actions of this user within 1:00:00"):
        limits.take(wish(user, 3, Kind.MAILBOX))


def test_one_users_limit_is_not_anothers(user: User, stranger: User, settings: Settings) -> None:
    settings.AUTO_ACTIONS_IN_5_MINUTES = 1
    assert limits.take(wish(user, 1)) == limits.take(wish(stranger, 2)) == ""


def test_asked_at_once_no_more_get_a_place_than_there_are(user: User) -> None:
    def take(number: int) -> str:
        try:
            return limits.take(wish(user, number))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(take, range(8)))
    assert answers.count("") == 2 == AutomaticAction.objects.count()


def test_what_a_person_released_is_not_counted(user: User) -> None:
    assert automation.why_not_sent(mail_of_a_rule(user, released_by_rule=False)) == ""
    assert not AutomaticAction.objects.exists()


@pytest.mark.parametrize("who", ["all", "user"])
def test_a_kill_switch_comes_before_every_effect(user: User, who: str) -> None:
    services.stop_sending(user_id=user.pk if who == "user" else None)
    assert "sending is stopped" in automation.why_not_sent(mail_of_a_rule(user))
    assert "sending is stopped" in automation.why_not_done(user.pk, "label:1")
    assert not AutomaticAction.objects.exists()


def test_the_third_automatic_mail_to_a_contact_is_skipped_with_the_reason(user: User, settings: Settings) -> None:
    settings.EMAIL_SINK = True
    jobs = [_sending(mail_of_a_rule(user, number)) for number in range(3)]
    assert [run_job(job).status for job in jobs] == [JobStatus.COMPLETED] * 3
    statuses = list(OutgoingMail.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == [MailStatus.SENT, MailStatus.SENT, MailStatus.SKIPPED]
    assert "within a day" in OutgoingMail.objects.order_by("pk").last().reason  # type: ignore[union-attr]


def test_mail_over_the_pace_waits_and_costs_no_attempt(user: User, settings: Settings) -> None:
    settings.EMAIL_SINK = True
    settings.AUTO_ACTIONS_IN_5_MINUTES = 1
    run_job(_sending(mail_of_a_rule(user, 1)))
    waiting = run_job(_sending(mail_of_a_rule(user, 2, to=["grace@acme.com"])))
    assert (waiting.status, waiting.failures) == (JobStatus.PENDING, 0)
    assert OutgoingMail.objects.get(subject="2").status == MailStatus.QUEUED


def _sending(mail: OutgoingMail) -> Job:
    from jobs.services import enqueue

    job = enqueue("send_mail", {"mail_id": mail.pk}, owner_id=mail.user_id)
    OutgoingMail.objects.filter(pk=mail.pk).update(job_id=job.pk)
    return job
