"""Pages are run in a process that forgets their tasks again."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from email_automation import sample
from tests.email_automation.conftest import mail_server, mail_sink
from tests.jobs.brokers import forgotten_broker

__all__ = ["forgotten_broker", "mail_server", "mail_sink"]  # fixtures of other files


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("jane", "jane@fikiri.test", is_staff=True, is_superuser=True)


@pytest.fixture
def one_message(tmp_path: Path) -> Path:
    """A folder with one message of the sample."""
    message = sample.MBOX.read_bytes().split(b"\nFrom ")[1].partition(b"\n")[2]
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "1.eml").write_bytes(message)
    return tmp_path / "mail"
