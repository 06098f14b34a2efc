"""Owners as people know them: a job holds only a user's number."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_user_model

from jobs.models import Job

SYSTEM = "system"


def names_of(jobs: Iterable[Job]) -> dict[int | None, str]:
    """The user name of each job's owner, in one query."""
    return names(job.owner_id for job in jobs)


def names(owner_ids: Iterable[int | None]) -> dict[int | None, str]:
    """The user name of each of these owners, in one query."""
    ids = {owner_id for owner_id in owner_ids if owner_id is not None}
    users = get_user_model()
    found = users._default_manager.filter(pk__in=ids).values_list("pk", users.USERNAME_FIELD)
    return {None: SYSTEM} | {owner_id: f"#{owner_id}" for owner_id in ids} | dict(found)


def ids_named(name: str) -> list[int]:
    users = get_user_model()
    return list(users._default_manager.filter(**{users.USERNAME_FIELD: name}).values_list("pk", flat=True))


def ids_of(text: str) -> list[int]:
    """Who is meant by a name or a number."""
    ids = ids_named(text)
    return [*ids, int(text)] if text.isascii() and text.isdigit() and len(text) < 19 else ids
