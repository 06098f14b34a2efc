"""A user with customers, and another who must not see them."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

# Not skipped on SQLite, which has no such interleavings: they are no tests there.
collect_ignore = [] if "postgresql" in settings.DATABASES["default"]["ENGINE"] else ["test_races_on_postgresql.py"]


@pytest.fixture
def user(db: None) -> User:
    return get_user_model().objects.create_user("ada", "ada@fikiri.example", "secret")


@pytest.fixture
def stranger(db: None) -> User:
    return get_user_model().objects.create_user("bob", "bob@elsewhere.example", "secret")


@pytest.fixture
def said(user: User) -> dict[str, Any]:
    """What product code says of a person."""
    return {"user_id": user.pk, "email": "jane@acme.example", "name": "Jane Doe"}


@pytest.fixture
def message(said: dict[str, Any]) -> dict[str, Any]:
    """What a message says of a person."""
    return {**said, "message_key": "message:1", "intent": "sales_enquiry", "source": "mail"}
