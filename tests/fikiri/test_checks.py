"""Settings that do not fit together are named by `manage.py check`, with the remedy."""

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from fikiri import checks


def ids(*, deploy: bool = False) -> set[str]:
    found = run_checks(include_deployment_checks=deploy)
    return {str(message.id) for message in found if str(message.id).startswith("fikiri.")}


def test_a_laptop_has_nothing_to_complain_of() -> None:
    assert ids() == set()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AI_PROVIDER", "oracle", "fikiri.E001"),
        ("AI_PROVIDER", "openai", "fikiri.E002"),
        ("OPENAI_API", "telepathy", "fikiri.E003"),
        ("DEFAULT_FROM_EMAIL", "Fikiri", "fikiri.E005"),
        ("REDIS_URL", "amqp://broker", "fikiri.E007"),
        ("FIELD_KEYS", [], "fikiri.E013"),
        ("FIELD_KEYS", ["short"], "fikiri.E013"),
        ("GMAIL_ACCESS", "everything", "fikiri.E014"),
        ("GOOGLE_CLIENT_ID", "an-id", "fikiri.E015"),
        ("GOOGLE_TOKEN_URI", "http://tokens.example/", "fikiri.E016"),
        ("PUBLIC_URL", "fikiri.company.com", "fikiri.E019"),
        ("PUBLIC_URL", "https://", "fikiri.E019"),
        ("PHONE_REGION", "ZZ", "fikiri.E020"),
    ],
)
def test_a_setting_that_cannot_work_is_an_error(name: str, value: object, expected: str, settings: Settings) -> None:
    settings.OPENAI_API_KEY = ""
    setattr(settings, name, value)
    assert ids() == {expected}


def test_two_kinds_of_tls_at_once_are_an_error(settings: Settings) -> None:
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True
    assert ids() == {"fikiri.E004"}


@pytest.mark.parametrize("sender", ["Fikiri <no-reply@fikiri.example>", "x@mail.example.com", "a@b.test"])
def test_a_reserved_sender_with_a_real_server_is_warned_of(
    sender: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEFAULT_FROM_EMAIL = sender
    assert ids() == set()
    monkeypatch.setenv("SMTP_HOST", "smtp.somewhere.net")
    assert ids() == {"fikiri.W006"}
    settings.DEFAULT_FROM_EMAIL = "hello@notexample.com"
    assert ids() == set()


def test_a_server_needs_secret_https_postgres_a_redis_and_an_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    settings.HTTPS = False
    settings.PUBLIC_URL = ""
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    found = {str(message.id) for message in checks.server_settings()}
    assert found == {"fikiri.W008", "fikiri.W009", "fikiri.W010", "fikiri.W011", "fikiri.W018"}


def test_a_server_needs_a_key_that_is_not_a_file_of_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIELD_KEYS", raising=False)
    assert [message.id for message in checks.key_settings()] == ["fikiri.E017"]
    monkeypatch.setenv("FIELD_KEYS", "a-key")
    assert list(checks.key_settings()) == []


def test_a_stand_in_on_this_machine_needs_no_tls(settings: Settings) -> None:
    settings.GOOGLE_TOKEN_URI = "http://127.0.0.1:4000/token"
    assert ids() == set()


def test_every_complaint_has_a_remedy(settings: Settings) -> None:
    settings.AI_PROVIDER = "oracle"
    settings.REDIS_URL = "amqp://broker"
    assert all(message.hint for message in run_checks() if str(message.id).startswith("fikiri."))
