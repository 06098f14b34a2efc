"""Finding jobs by what a person has at hand."""

from __future__ import annotations

import uuid

from django.db.models import Q

from jobs.admin import owners
from jobs.models import JobQuerySet

LONGEST = 200  # characters
HELP = "An id, your own id, a correlation id, a user name, or words of a task's name or an error."


def found(jobs: JobQuerySet, term: str) -> JobQuerySet:
    """Jobs under an id if there are any, which the indexes answer; else those with all the words."""
    term = term.strip()[:LONGEST]
    named = jobs.filter(_named(term))
    if named.exists():
        return named
    for word in term.split():
        jobs = jobs.filter(
            Q(task__icontains=word)
            | Q(error__icontains=word)
            | Q(error_class__icontains=word)
            | Q(key__istartswith=word)
        )
    return jobs


def _named(term: str) -> Q:
    condition = Q(key=term) | Q(correlation_id=term)
    if ids := owners.ids_named(term):
        condition |= Q(owner_id__in=ids)
    try:
        return condition | Q(pk=uuid.UUID(term))
    except ValueError:
        return condition
