"""Who uses the platform in these tests."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from tests.jobs.brokers import forgotten_broker, no_broker, use_broker

__all__ = ["forgotten_broker", "no_broker", "use_broker"]  # fixtures of their own file

PASSWORD = "correct horse"


@pytest.fixture
def owner(db: None) -> User:
    return _user("owner")


@pytest.fixture
def other(db: None) -> User:
    return _user("other")


@pytest.fixture
def staff(db: None) -> User:
    """May enter the admin, and has no permission there."""
    return _user("staff", is_staff=True)


@pytest.fixture
def viewer(db: None) -> User:
    return _with(_user("viewer", is_staff=True), "view_job", "view_attempt")


@pytest.fixture
def operator(db: None) -> User:
    return _with(_user("operator", is_staff=True), "view_job", "change_job")


@pytest.fixture
def superuser(db: None) -> User:
    return _user("root", is_staff=True, is_superuser=True)


def _user(name: str, **more: bool) -> User:
    user = User(username=name, **more)
    user.set_password(PASSWORD)
    user.save()
    return user


def _with(user: User, *permissions: str) -> User:
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="jobs", codename__in=permissions))
    return user
