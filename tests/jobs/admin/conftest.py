"""Clients of the admin, one for each kind of person, and the usual things to do there."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.jobs.api.people import operator, other, owner, staff, superuser, viewer

__all__ = ["operator", "other", "owner", "staff", "superuser", "viewer"]


@pytest.fixture
def as_staff(staff: User) -> Client:
    return _logged_in(staff)


@pytest.fixture
def as_viewer(viewer: User) -> Client:
    return _logged_in(viewer)


@pytest.fixture
def as_operator(operator: User) -> Client:
    return _logged_in(operator)


@pytest.fixture
def as_superuser(superuser: User) -> Client:
    return _logged_in(superuser)


def text_of(response: Any) -> str:
    assert isinstance(response, HttpResponse)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def page(client: Client, name: str, *args: Any, **query: str) -> str:
    """The text of an admin page."""
    return text_of(client.get(reverse(f"admin:{name}", args=args), query))


def _logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
