"""What waits for a person is on one page, the mail that came beside the reply; what is decided there is recorded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import services as crm
from crm.models import Lead
from email_automation import services
from email_automation.models import Author, FollowUp, FollowUpRule, MailKind, MailStatus, Message, OutgoingMail, Rule
from email_automation.sending.letters import Letter
from jobs.models import AuditEntry, Job
from tests.email_automation.conftest import Model, run_task
from tests.email_automation.parsing.mails import mail

pytestmark = pytest.mark.django_db

PAGE = "/admin/email_automation/outgoingmail/approvals/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def draft(sync: Callable[..., list[Message]], model: Model, user: User, recent: str) -> OutgoingMail:
    """A reply that a rule had drafted to a message."""
    Rule.objects.create(
        user=user, name="Answer enquiries", when="intent:sales_enquiry", then="draft_reply", enabled=True
    )
    sync(mail(HOSTILE, Date=recent))
    for task in ("classify_message", "update_crm", "act_on_message", "draft_reply"):
        run_task(task)
    return OutgoingMail.objects.get()


def decide(client: Client, mail: OutgoingMail, verb: str, **said: str) -> str:
    words = {"subject": mail.subject, "body": mail.body}
    data = {"mail": str(mail.pk), "verb": verb, **words, **said}
    answer = client.post(PAGE, data, follow=True)
    mail.refresh_from_db()
    return answer.content.decode()


def test_the_message_stands_beside_the_reply_with_why_there_is_one(admin_client: Client, draft: OutgoingMail) -> None:
    shown = admin_client.get(PAGE).content.decode()
    assert HOSTILE not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "With pleasure." in shown
    assert "Rule “Answer enquiries”: intent:sales_enquiry (sales_enquiry)" in shown


def test_what_stands_there_when_it_is_approved_is_what_is_sent(admin_client: Client, draft: OutgoingMail) -> None:
    assert "is on its way" in decide(admin_client, draft, "approve", body="Two pounds\r\nit is.")
    assert (draft.status, draft.body) == (MailStatus.QUEUED, "Two pounds\nit is.")
    assert Job.objects.filter(task="send_mail").count() == 1
    assert list(AuditEntry.objects.order_by("id").values_list("verb", "by")) == [
        ("edit", "admin"),
        ("approve", "admin"),
    ]


def test_what_is_typed_and_cannot_be_sent_is_not_lost(admin_client: Client, draft: OutgoingMail) -> None:
    shown = decide(admin_client, draft, "approve", subject=" ", body="I typed for an hour")
    assert "Subject is empty" in shown
    assert "I typed for an hour" in shown
    assert draft.status == MailStatus.AWAITING_APPROVAL


def test_it_is_saved_for_later(admin_client: Client, draft: OutgoingMail) -> None:
    assert "Saved." in decide(admin_client, draft, "save", body="Later.")
    assert (draft.status, draft.body) == (MailStatus.AWAITING_APPROVAL, "Later.")


def test_it_is_rejected_with_the_reason(admin_client: Client, draft: OutgoingMail) -> None:
    assert "is not sent" in decide(admin_client, draft, "reject", reason="we met")
    assert (draft.status, draft.reason) == (MailStatus.SKIPPED, "rejected by admin: we met")
    assert "Nothing waits for you." in admin_client.get(PAGE).content.decode()


def test_what_is_held_is_taken_back(admin_client: Client, draft: OutgoingMail, user: User) -> None:
    services.approve(draft, user, hold=300)
    assert "goes " in admin_client.get(PAGE).content.decode()
    assert "Taken back" in decide(admin_client, draft, "undo")
    assert draft.status == MailStatus.AWAITING_APPROVAL


def test_who_was_slower_is_told_so(admin_client: Client, draft: OutgoingMail, user: User) -> None:
    services.reject(draft, user)
    assert "Only a draft can be" in decide(admin_client, draft, "approve")
    assert draft.status == MailStatus.SKIPPED


@pytest.mark.parametrize(
    ("permission", "looks", "decides"), [(None, 403, 403), ("view", 200, 403), ("change", 200, 200)]
)
def test_looking_is_not_deciding(
    client: Client, draft: OutgoingMail, permission: str | None, looks: int, decides: int
) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    for one in {"view": ["view"], "change": ["view", "change"]}.get(permission or "", []):
        clerk.user_permissions.add(Permission.objects.get(codename=f"{one}_outgoingmail"))
    client.force_login(clerk)
    assert client.get(PAGE).status_code == looks
    data = {"mail": draft.pk, "verb": "reject"}
    assert client.post(PAGE, data, follow=True).status_code == decides


def test_what_goes_soon_comes_first_and_it_takes_few_queries(
    admin_client: Client, user: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        letter = Letter(
            to=f"a{number}@acme.com", subject=f"Mail {number}", body="x", author=Author.MODEL, user_id=user.pk
        )
        services.propose(letter)
    services.approve(OutgoingMail.objects.get(subject="Mail 7"), user, hold=300)
    with django_assert_max_num_queries(12):
        shown = admin_client.get(PAGE).content.decode()
    places = [shown.index(f'id="title-{mail.pk}"') for mail in OutgoingMail.objects.order_by("pk")]
    assert places.index(min(places)) == 7


def test_the_pages_lead_to_it_and_to_the_whole_story(admin_client: Client, draft: OutgoingMail) -> None:
    assert PAGE in admin_client.get("/admin/").content.decode()
    assert PAGE in admin_client.get(reverse("admin:email_automation_outgoingmail_changelist")).content.decode()
    page = admin_client.get(reverse("admin:email_automation_outgoingmail_change", args=[draft.pk])).content.decode()
    assert draft.answers is not None
    message = reverse("admin:email_automation_message_change", args=[draft.answers.pk])
    assert message in page
    story = admin_client.get(message).content.decode()
    assert "rule “Answer enquiries”: draft_reply" in story
    assert reverse("admin:jobs_job_change", args=[Job.objects.get(task="act_on_message").pk]) in story


@pytest.mark.parametrize("name", ["rule", "rulematch", "followuprule", "followup", "automaticaction"])
def test_the_lists_open(admin_client: Client, draft: OutgoingMail, name: str) -> None:
    assert admin_client.get(reverse(f"admin:email_automation_{name}_changelist")).status_code == 200


def test_a_rule_is_checked_where_it_is_written(admin_client: Client, user: User) -> None:
    add = reverse("admin:email_automation_rule_add")
    rule = {"user": user.pk, "name": "a", "order": 1, "when": "moon:full", "then": "nothing", "text": ""}
    assert "Unknown field" in admin_client.post(add, rule).content.decode()
    assert admin_client.post(add, {**rule, "when": "is:lead"}).status_code == 302
    assert AuditEntry.objects.get().verb == "add"


def test_follow_ups_are_switched_on_and_stopped_in_the_admin(admin_client: Client, user: User) -> None:
    rule = services.offer_follow_ups(user)[0]
    change = reverse("admin:email_automation_followuprule_change", args=[rule.pk])
    assert (
        "0 follow-ups"
        in admin_client.post(change, {"days": 2, "enabled": "on", "text": "Hello"}, follow=True).content.decode()
    )
    rule.refresh_from_db()
    assert (rule.days, rule.enabled) == (2, True)


def test_a_follow_up_says_why(admin_client: Client, user: User) -> None:
    lead = Lead(user=user, email="ada@acme.com")
    crm.add_lead(lead, by_id=None)
    letter = Letter(
        to=lead.email, subject="Hello", body="x", kind=MailKind.FOLLOW_UP, author=Author.RULE, user_id=user.pk
    )
    now = timezone.now()
    FollowUp.objects.create(
        user=user,
        lead=lead,
        rule=FollowUpRule.objects.create(user=user, stage="new", days=2),
        stage="new",
        since=now,
        due_at=now + timedelta(days=2),
        mail=services.propose(letter),
    )
    assert "the lead is new, no answer for 2 days" in admin_client.get(PAGE).content.decode()
