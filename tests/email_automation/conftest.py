"""A user with a mailbox, a model that answers without being one, and jobs run in this process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.ai.schemas import (
    Answer,
    Classification,
    ContactDetails,
    Draft,
    Intent,
    MailText,
    Sentiment,
    SuggestedAction,
    Summary,
    Urgency,
    Usage,
)
from email_automation.models import Mailbox, Message
from email_automation.reading import asking
from jobs import broker
from jobs.models import Job, JobStatus
from jobs.testing import run_job
from tests.email_automation.mailboxes.letters import mbox
from tests.servers import smtp

USAGE = Usage(provider="test", model="a-model", version="1", input_tokens=10, output_tokens=5)
ENQUIRY = Classification(
    intent=Intent.SALES_ENQUIRY,
    urgency=Urgency.NORMAL,
    sentiment=Sentiment.POSITIVE,
    is_spam=False,
    is_automatic=False,
    suggested_action=SuggestedAction.REPLY,
    contact=ContactDetails(name="Ada Lovelace", phone="+442071234567", company="Engines Ltd"),
    confidence=0.95,
    needs_review=False,
)


@dataclass
class Model:
    """Answers what it is told to, or raises it; remembers what it was given to read."""

    name: str = "offline"
    classification: Classification | Exception = ENQUIRY
    draft: Draft | Exception = field(default_factory=lambda: Draft(subject="Re: other", body="With pleasure."))
    read: list[MailText | str] = field(default_factory=list)

    def classify(self, mail: MailText) -> tuple[Classification, Usage]:
        return self._say(mail, self.classification)

    def draft_reply(self, mail: MailText, *, instructions: str = "", sender: str = "") -> tuple[Draft, Usage]:
        return self._say(mail, self.draft)

    def summarise(self, mail: MailText) -> tuple[Summary, Usage]:
        return self._say(mail, Summary(text="Wants coffee.", points=("two pounds",)))

    def answer(self, prompt: str) -> tuple[Answer, Usage]:
        return self._say(prompt, Answer(text="42"))

    def _say(self, asked: MailText | str, answer: Any) -> tuple[Any, Usage]:
        self.read.append(asked)
        if isinstance(answer, Exception):
            raise answer
        return answer, USAGE


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    model = Model()
    monkeypatch.setattr(asking, "provider", lambda: model)
    return model


@pytest.fixture(autouse=True)
def no_broker(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Jobs wait in the ledger until a test runs them; nothing runs them behind its back."""
    settings.REDIS_URL = f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0"
    broker.reset()
    yield
    broker.reset()


@pytest.fixture
def user(db: None) -> User:
    return get_user_model().objects.create_user("shop", "shop@fikiri.example", "secret")


@pytest.fixture
def stranger(db: None) -> User:
    return get_user_model().objects.create_user("other", "other@elsewhere.example", "secret")


@pytest.fixture
def make_mailbox(user: User, tmp_path: Path) -> Callable[..., Mailbox]:
    """A mailbox of raw letters."""

    def make(*letters: bytes) -> Mailbox:
        mailbox = services.add_mailbox(user, mbox(tmp_path, *letters))
        mailbox.created_at = datetime.now(UTC) - timedelta(days=30)  # what is recent came after it was connected
        mailbox.save()
        return mailbox

    return make


@pytest.fixture
def sync(make_mailbox: Callable[..., Mailbox]) -> Callable[..., list[Message]]:
    """Sync a mailbox of raw letters; gives what was stored, in order."""

    def run_sync(*letters: bytes) -> list[Message]:
        job = services.sync_mailbox(make_mailbox(*letters))
        assert run_job(job).status == JobStatus.COMPLETED
        return list(Message.objects.order_by("pk"))

    return run_sync


def run_task(task: str) -> list[Job]:
    """Run every waiting job of a task."""
    return [run_job(job) for job in Job.objects.filter(task=task).waiting().order_by("created_at", "id")]


@pytest.fixture
def recent() -> str:
    """A Date header of an hour ago."""
    return format_datetime(datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture
def mail_server(settings: Settings, tmp_path: Path) -> Iterator[smtp.Server]:
    """A real mail server, which is no laptop's sink: what it is sent has left."""
    settings.EMAIL_SINK = False
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = settings.SMTP_ANSWER_TIMEOUT = 2
    with smtp.serving(tmp_path / "ledger") as server:
        settings.EMAIL_PORT = server.port
        yield server


@pytest.fixture
def mail_sink(settings: Settings, mail_server: smtp.Server) -> smtp.Server:
    """A real mail server that is a laptop's sink: it takes mail to reserved domains too."""
    settings.EMAIL_SINK = True
    return mail_server
