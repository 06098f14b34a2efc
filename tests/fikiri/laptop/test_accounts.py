"""The administrator and the token of a laptop are made once, and never stand in the way of a person's own choice."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from fikiri.laptop import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIKIRI_VAR", str(tmp_path))
    return tmp_path


def test_the_administrator_can_log_in_with_what_is_shown() -> None:
    login = accounts.ensure_admin()
    admin = User.objects.get(username=login.username)
    assert login.password is not None
    assert admin.check_password(login.password)
    assert admin.is_superuser
    assert admin.is_staff


def test_the_same_password_is_shown_at_every_start() -> None:
    assert accounts.ensure_admin() == accounts.ensure_admin()
    assert User.objects.count() == 1


def test_a_password_that_a_person_chose_is_neither_shown_nor_changed() -> None:
    accounts.ensure_admin()
    admin = User.objects.get()
    admin.set_password("chosen by a person")
    admin.save()
    assert accounts.ensure_admin().password is None
    admin.refresh_from_db()
    assert admin.check_password("chosen by a person")


def test_no_administrator_is_added_beside_a_persons_own() -> None:
    User.objects.create_superuser("maria", password="her own password")
    assert accounts.ensure_admin() == accounts.Login("maria", None)
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", [accounts.PASSWORD_FILE, accounts.TOKEN_FILE, accounts.FLOWER_FILE])
def test_what_is_secret_is_readable_by_its_owner_alone(name: str, folder: Path) -> None:
    login = accounts.ensure_admin()
    accounts.api_token(login.username)
    accounts.ensure_flower_login()
    assert (folder / name).stat().st_mode & 0o077 == 0


def test_the_token_is_the_same_as_long_as_it_is_valid() -> None:
    login = accounts.ensure_admin()
    token = accounts.api_token(login.username)
    assert accounts.api_token(login.username) == token
    assert AuthToken.objects.count() == 1


def test_a_token_that_was_revoked_is_replaced() -> None:
    login = accounts.ensure_admin()
    token = accounts.api_token(login.username)
    AuthToken.objects.all().delete()
    assert accounts.api_token(login.username) != token


def test_a_user_is_made_without_a_password_and_found_again() -> None:
    user = accounts.ensure_user("demo", "demo@fikiri.example")
    assert not user.has_usable_password()
    assert accounts.ensure_user("demo") == user
