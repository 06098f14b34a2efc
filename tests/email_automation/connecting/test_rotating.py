"""Keys are rotated: everything comes under the new one, and the old one can go."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from email_automation.connecting import rotating
from email_automation.models import Account, Consent
from jobs.clock import Now
from tests.email_automation.google import Connect

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def rotate() -> str:
    told = StringIO()
    call_command("rotate_keys", stdout=told)
    return told.getvalue()


@pytest.fixture
def accounts(user: User, connect: Connect, settings: Settings) -> list[str]:
    """The refresh tokens of five accounts, written with the old key."""
    settings.FIELD_KEYS = [OLD]
    tokens = [connect(user, f"{number}@gmail.com").refresh_token.reveal() for number in range(5)]
    Consent.objects.create(state="x", begun_by=user, user=user, verifier="pkce", redirect_uri="y", begun_at=Now())
    return tokens


def stored() -> list[str]:
    return [account.refresh_token.reveal() for account in Account.objects.order_by("pk")]


def test_the_old_key_can_go(accounts: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating, "AT_ONCE", 2)
    settings.FIELD_KEYS = [NEW, OLD]
    told = rotate()
    assert "email_automation_account: 5 of 5 rows encrypted anew" in told
    assert "email_automation_consent: 1 of 1 rows encrypted anew" in told
    settings.FIELD_KEYS = [NEW]
    assert stored() == accounts
    assert Consent.objects.get().verifier.reveal() == "pkce"


def test_twice_is_once(accounts: list[str], settings: Settings) -> None:
    settings.FIELD_KEYS = [NEW, OLD]
    rotate()
    before = [account.refresh_token.encrypted() for account in Account.objects.order_by("pk")]
    assert "email_automation_account: 0 of 5 rows" in rotate()
    assert [account.refresh_token.encrypted() for account in Account.objects.order_by("pk")] == before


def test_a_key_that_is_missing_is_told_and_nothing_is_harmed(accounts: list[str], settings: Settings) -> None:
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(CommandError, match="No key of FIELD_KEYS fits"):
        rotate()
    settings.FIELD_KEYS = [OLD]
    assert stored() == accounts
