"""Who looks at the pages: an admin, an operator of one queue, an owner of jobs without a role."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User

from jobs.models import Grant, Role

QUEUE = "ai"  # one that few jobs are of
OWNER = "user-1"


def people() -> dict[str, User]:
    """The three, made on first use."""
    admin, _ = User.objects.get_or_create(username="admin", defaults={"is_staff": True, "is_superuser": True})
    operator, made = User.objects.get_or_create(username="operator", defaults={"is_staff": True})
    if made:
        Grant.objects.create(user=operator, role=Role.OPERATOR, queue=QUEUE)
    User.objects.filter(username=OWNER).update(is_staff=True)
    return {"admin": admin, "operator": operator, "owner": User.objects.get(username=OWNER)}


def readers() -> list[User]:
    """Ten who may see all jobs."""
    users = list(User.objects.filter(username__in=[f"user-{number}" for number in range(2, 12)]).order_by("pk"))
    for user in users:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
        Grant.objects.get_or_create(user=user, queue="", defaults={"role": Role.VIEWER})
    return users


def session_of(user: User) -> str:
    """The key of a session in which this person has logged in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    key: str = session.session_key
    return key
