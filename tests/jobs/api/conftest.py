"""Clients of the API, one for each kind of caller."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from jobs.models import Role
from tests.jobs.api.people import a_user, operator, other, owner, superuser, viewer, with_role

__all__ = ["operator", "other", "owner", "superuser", "viewer"]

Login = Callable[[User | None], APIClient]


@pytest.fixture
def staff(db: None) -> User:
    """An operator of all queues."""
    return with_role(a_user("staff", is_staff=True), Role.OPERATOR)


@pytest.fixture
def logged_in() -> Login:
    """A client with this user's session, CSRF not checked; with none for None."""

    def client(user: User | None) -> APIClient:
        made = APIClient()
        if user:
            made.force_login(user)
        return made

    return client


@pytest.fixture
def anonymous(db: None, logged_in: Login) -> APIClient:
    return logged_in(None)


@pytest.fixture
def as_owner(owner: User, logged_in: Login) -> APIClient:
    return logged_in(owner)


@pytest.fixture
def as_other(other: User, logged_in: Login) -> APIClient:
    return logged_in(other)


@pytest.fixture
def as_staff(staff: User, logged_in: Login) -> APIClient:
    return logged_in(staff)


@pytest.fixture
def as_viewer(viewer: User, logged_in: Login) -> APIClient:
    return logged_in(viewer)
