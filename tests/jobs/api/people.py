"""Who uses the platform in these tests."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from jobs.models import Grant, Role
from tests.jobs.brokers import forgotten_broker, no_broker, use_broker

__all__ = ["forgotten_broker", "no_broker", "use_broker"]  # fixtures of their own file

PASSWORD = "correct horse"


@pytest.fixture
def owner(db: None) -> User:
    return a_user("owner")


@pytest.fixture
def other(db: None) -> User:
    return a_user("other")


@pytest.fixture
def staff(db: None) -> User:
    """May enter the admin, and has no role."""
    return a_user("staff", is_staff=True)


@pytest.fixture
def viewer(db: None) -> User:
    return with_role(a_user("viewer", is_staff=True), Role.VIEWER)


@pytest.fixture
def operator(db: None) -> User:
    return with_role(a_user("operator", is_staff=True), Role.OPERATOR)


@pytest.fixture
def superuser(db: None) -> User:
    return a_user("root", is_staff=True, is_superuser=True)


def a_user(name: str, **more: bool) -> User:
    user = User(username=name, **more)
    user.set_password(PASSWORD)
    user.save()
    return user


def with_role(user: User, role: Role, queue: str = "") -> User:
    Grant.objects.create(user=user, role=role, queue=queue)
    return user
