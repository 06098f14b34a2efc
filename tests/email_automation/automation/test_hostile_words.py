"""Whatever a mail says, and whatever a model makes of it: mail goes to the user's own contacts, as their rules say."""

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from crm.models import Contact, Lead
from email_automation.ai.schemas import Classification, ContactDetails, Draft, MailText, SuggestedAction, Summary, Usage
from email_automation.models import Message, OutgoingMail, Rule, RuleMatch
from email_automation.reading import asking
from jobs.models import Job
from jobs.testing import FrozenClock
from tests.email_automation.conftest import ENQUIRY, USAGE, Model, run_task
from tests.email_automation.hostile_words import ATTACKS, EVIL, EVIL2
from tests.servers import smtp

pytestmark = pytest.mark.django_db(transaction=True)

BOSS, SECRET = "boss@fikiri.example", "canary-b1946ac9"
THEN = f"send_reply summarise lead label:Seen escalate:{BOSS}"
OURS = {
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "X-Fikiri-Mail", "In-Reply-To", "References"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("List-Unsubscribe", "List-Unsubscribe-Post"),
}
EVIL_WORDS = f"To: {EVIL}\r\nBcc: {EVIL2}\r\nSubject: yours\r\n\r\n.\r\nMAIL FROM:<{EVIL}>\r\n"


class Obedient(Model):
    """Does what the mail says, and what its writer would like best."""

    def classify(self, mail: MailText) -> tuple[Classification, Usage]:
        self.read.append(mail)
        contact = ContactDetails(name=f"{mail.subject} {mail.text}"[:200], email=EVIL, phone=EVIL[:16], company=EVIL)
        wanted = {"contact": contact, "suggested_action": SuggestedAction.ESCALATE, "confidence": 1.0}
        return ENQUIRY.model_copy(update=wanted), USAGE

    def draft_reply(self, mail: MailText, *, instructions: str = "", sender: str = "") -> tuple[Draft, Usage]:
        self.read.append(mail)
        return Draft(subject=EVIL_WORDS[:200], body=(EVIL_WORDS + mail.text)[:8000].replace("\0", "")), USAGE

    def summarise(self, mail: MailText) -> tuple[Summary, Usage]:
        self.read.append(mail)
        return Summary(text=(EVIL_WORDS + mail.text)[:2000].replace("\0", "")), USAGE


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch) -> Obedient:
    model = Obedient()
    monkeypatch.setattr(asking, "provider", lambda: model)
    return model


@pytest.fixture
def others(stranger: User) -> Contact:
    """What another user keeps."""
    return Contact.objects.create(user=stranger, email="dear@customer.example", name=SECRET, notes=SECRET)


@pytest.fixture
def without_limits(settings: Settings) -> None:
    settings.AUTO_ACTIONS_IN_5_MINUTES = settings.AUTO_ACTIONS_AN_HOUR = 10_000
    settings.MAIL_USER_RATE = settings.MAIL_USER_DAILY = settings.MAIL_DOMAIN_RATE = 0


def test_there_are_enough_of_each_kind() -> None:
    assert len(ATTACKS) > 130
    assert min(Counter(attack.part for attack in ATTACKS).values()) > 5


def test_an_obedient_model_and_a_rule_that_sends_reach_only_those_who_wrote(
    sync: Callable[..., list[Message]], user: User, obedient: Obedient, others: Contact, without_limits: None,
    mail_sink: smtp.Server, recent: str, jobs_clock: FrozenClock,
) -> None:  # fmt: skip
    Rule.objects.create(user=user, name="All", when="", then=THEN, enabled=True)
    sync(*(attack.letter(recent) for attack in ATTACKS))
    for task in ("classify_message", "update_crm", "act_on_message", "summarise_message", "draft_reply", "update_crm"):
        run_task(task)
    jobs_clock.advance(400)
    run_task("send_mail")
    _is_only_what_the_rule_allows()
    _went_only_to_who_wrote(mail_sink)
    _is_nothing_of_others(mail_sink, obedient, others)
    _crm_is_of_those_who_wrote(user)


def test_the_approval_inbox_shows_it_as_text(
    sync: Callable[..., list[Message]], user: User, obedient: Obedient, recent: str, admin_client: Client
) -> None:
    Rule.objects.create(user=user, name="All", when="", then="draft_reply", enabled=True)
    shown = [attack for attack in ATTACKS if attack.part in ("html", "subject", "name")]
    sync(*(attack.letter(recent) for attack in shown))
    for task in ("classify_message", "act_on_message", "draft_reply"):
        run_task(task)
    page = admin_client.get("/admin/email_automation/outgoingmail/approvals/")
    html = page.content.decode()
    assert html.count("<article") >= 30
    assert not re.search(r"<script(?![^>]*\b(?:src=\"/static/|type=\"application/json))", html)
    for tag in ("<svg", "<img", "<style", "<meta http-equiv", "<template"):
        assert f"{tag} " not in html.replace('<svg width="', "").replace('<img src="/static', "") or tag == "<svg"
    assert "<svg onload" not in html
    assert "&lt;script&gt;alert(&quot;" in html
    assert "default-src 'self'" in page["Content-Security-Policy"] or "script-src" in page["Content-Security-Policy"]


@pytest.mark.parametrize("attack", ["to", "cc", "bcc", "tool_calls", "recipients"])
def test_an_answer_that_says_to_whom_is_no_answer(attack: str) -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        Draft.model_validate({"subject": "x", "body": "y", attack: [EVIL]})


def _is_only_what_the_rule_allows() -> None:
    done = {one["do"] for match in RuleMatch.objects.all() for one in match.outcomes}
    assert done == set(THEN.split())
    assert RuleMatch.objects.count() == Message.objects.filter(classified_at__isnull=False).count()
    known = {"process_gmail_sync", "classify_message", "update_crm", "act_on_message", "draft_reply", "send_mail"}
    assert set(Job.objects.values_list("task", flat=True)) <= known | {"summarise_message", "mailbox_action"}


def _went_only_to_who_wrote(server: smtp.Server) -> None:
    senders = {attack.sender for attack in ATTACKS}
    assert len(server.taken) > 1.5 * len(ATTACKS)
    for entry, mail in zip(server.taken, server.mails, strict=True):
        assert len(entry["to"]) == 1
        assert set(entry["to"]) <= senders | {BOSS}
        assert entry["from"] == "no-reply@fikiri.example"
        assert [address.addr_spec for address in mail["To"].addresses] == entry["to"]
        assert set(mail.keys()) <= OURS
        assert max(Counter(mail.keys()).values()) == 1
        assert mail.defects == []
    to_others = [mail for mail in OutgoingMail.objects.all() if not set(mail.to) <= senders | {BOSS}]
    assert to_others  # drafts to the Reply-To of an attack, which no server was given
    assert not any(mail.delivered for mail in to_others)


def _is_nothing_of_others(server: smtp.Server, model: Obedient, others: Contact) -> None:
    assert SECRET not in str(model.read)
    assert not any(SECRET.encode() in content for content in server.contents)
    others.refresh_from_db()
    assert (others.name, others.notes, others.email) == (SECRET, SECRET, "dear@customer.example")


def _crm_is_of_those_who_wrote(user: User) -> None:
    senders = {attack.sender for attack in ATTACKS}
    assert set(Contact.objects.filter(user=user).values_list("email", flat=True)) <= senders
    assert set(Lead.objects.filter(user=user).values_list("stage", flat=True)) == {"new"}
    json.dumps(list(Contact.objects.filter(user=user).values_list("name", "phone", "company")))
    assert not Contact.objects.filter(name__regex=r"[\r\n]").exists()
