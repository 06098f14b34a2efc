from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient


def test_the_token_stands_alone_on_standard_output(
    owner: User, anonymous: APIClient, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("token", "owner")
    token = capsys.readouterr().out.removesuffix("\n")
    assert " " not in token
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert anonymous.get("/api/jobs").status_code == 200


def test_a_token_lives_as_long_as_said(owner: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("token", "owner", days=2)
    expiry = AuthToken.objects.get(user=owner).expiry
    assert expiry is not None
    assert timedelta(days=1) < expiry - timezone.now() < timedelta(days=3)
    assert "Valid until" in capsys.readouterr().err


@pytest.mark.django_db
def test_an_unknown_user_is_an_error() -> None:
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("token", "nobody")


def test_an_inactive_user_is_an_error(owner: User) -> None:
    owner.is_active = False
    owner.save()
    with pytest.raises(CommandError, match="not active"):
        call_command("token", "owner")


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_days_out_of_range_are_an_error(owner: User, days: int) -> None:
    with pytest.raises(CommandError, match="--days"):
        call_command("token", "owner", days=days)
