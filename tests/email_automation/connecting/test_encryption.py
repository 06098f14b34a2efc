"""Secrets are encrypted at rest and shown to nobody by accident."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection
from pytest_django.fixtures import Settings

from email_automation.connecting import encryption
from email_automation.connecting.encryption import Secret, Undecryptable
from email_automation.models import Account, Mailbox, MailboxKind, Provider

CANARY = "1//the-refresh-token"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def account(db: None, user: User) -> Account:
    mailbox = Mailbox.objects.create(user=user, kind=MailboxKind.GMAIL, name="Gmail", location="me@gmail.com")
    now = datetime.now(UTC)
    return Account.objects.create(
        mailbox=mailbox, provider=Provider.GMAIL, address="me@gmail.com", changed_at=now, refresh_token=CANARY
    )


def test_it_is_read_back_as_it_was_written(account: Account) -> None:
    assert Account.objects.get().refresh_token.reveal() == CANARY


def test_the_database_holds_nothing_readable(account: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_token, access_token FROM email_automation_account")
        stored, empty = cursor.fetchone()
    assert stored.startswith("fernet:")
    assert CANARY not in stored
    assert empty == ""


@pytest.mark.parametrize("shown", [repr, str, "{}".format, lambda secret: f"{secret!r:>20}", lambda s: f"{[s]}"])
def test_it_is_never_shown(shown: object) -> None:
    assert callable(shown)
    assert CANARY not in shown(Secret(CANARY))


def test_what_is_assigned_is_hidden_before_it_is_saved(account: Account) -> None:
    account.password = "hunter2"
    assert "hunter2" not in repr(vars(account))


def test_a_dump_holds_it_encrypted_and_can_be_loaded(account: Account) -> None:
    dump = serializers.serialize("json", [account])
    assert CANARY not in dump
    [loaded] = serializers.deserialize("json", dump)
    loaded.save()
    assert Account.objects.get().refresh_token.reveal() == CANARY


def test_it_is_no_json(account: Account) -> None:
    with pytest.raises(TypeError):
        json.dumps({"token": account.refresh_token})


def test_an_unchanged_secret_is_not_written_anew(account: Account) -> None:
    read = Account.objects.get()
    before = read.refresh_token.encrypted()
    read.save()
    assert Account.objects.get().refresh_token.encrypted() == before


def test_nothing_is_looked_up_by_it(account: Account) -> None:
    with pytest.raises(FieldError, match="refresh_token is encrypted"):
        Account.objects.filter(refresh_token=CANARY).exists()
    assert Account.objects.filter(password="").exists()


def test_a_new_first_key_encrypts_and_the_old_one_still_decrypts(settings: Settings) -> None:
    settings.FIELD_KEYS = [OLD]
    written = encryption.encrypt("hello")
    settings.FIELD_KEYS = [NEW, OLD]
    assert encryption.decrypt(written) == "hello"
    again = encryption.rotated(written)
    assert again != written
    settings.FIELD_KEYS = [NEW]
    assert encryption.decrypt(again) == "hello"
    assert encryption.rotated(again) == again


def test_a_key_may_be_written_in_either_base64(settings: Settings) -> None:
    settings.FIELD_KEYS = [base64.b64encode(b"\xff" * 32).decode()]
    written = encryption.encrypt("hello")
    settings.FIELD_KEYS = [base64.urlsafe_b64encode(b"\xff" * 32).decode()]
    assert encryption.decrypt(written) == "hello"


def test_what_no_key_fits_says_what_to_do(settings: Settings) -> None:
    settings.FIELD_KEYS = [OLD]
    written = encryption.encrypt("hello")
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(Undecryptable, match="Add the key that it was written with"):
        encryption.decrypt(written)


@pytest.mark.parametrize("key", ["", "short", "ä" * 44, "!" * 44])
def test_a_key_that_is_none_is_named_by_its_place_only(settings: Settings, key: str) -> None:
    settings.FIELD_KEYS = [NEW, key]
    with pytest.raises(ImproperlyConfigured, match=r"^Key 2 of FIELD_KEYS is not") as raised:
        encryption.encrypt("hello")
    assert not key or key not in str(raised.value)
