"""API tokens in the admin: seen and revoked, never made."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

pytestmark = pytest.mark.django_db


def test_a_token_can_be_revoked_but_not_made(admin_client: Client, admin_user: User) -> None:
    token, _ = AuthToken.objects.create(admin_user)
    assert admin_client.get("/admin/knox/authtoken/add/").status_code == 403
    assert token.digest not in admin_client.get("/admin/knox/authtoken/").content.decode().replace(token.pk, "")
    admin_client.post(f"/admin/knox/authtoken/{token.pk}/delete/", {"post": "yes"})
    assert not AuthToken.objects.exists()
