"""Narrowing the list of jobs. A value that is not offered changes nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from jobs import registry
from jobs.clock import Now
from jobs.models import WAITING, Job, JobStatus
from jobs.query import Word
from jobs.queues import QUEUES

GROUPS = {
    "open": ("Unfinished", (*WAITING, JobStatus.PROCESSING, JobStatus.IN_DOUBT)),
    "waiting": ("Waiting", WAITING),
    "trouble": ("Trouble", (JobStatus.FAILED, JobStatus.DEAD, JobStatus.IN_DOUBT)),
}
AGES = {"1h": ("Past hour", 3_600), "1d": ("Past day", 86_400), "7d": ("Past week", 604_800)}
NONE = Q(pk=None)
KNOWN = ("status", "age", "owner", "parent", "batch", "fingerprint")  # filters that lead to an index
Choices = list[tuple[Any, str]]


class Narrowing(admin.SimpleListFilter):
    def condition(self, value: str) -> Q | None:
        """What jobs must be for this value; None for one that means nothing."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job] | None:
        value = self.value()
        condition = self.condition(value) if value else None
        return queryset.filter(condition) if condition else None


class StatusFilter(Narrowing):
    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, label) for name, (label, _) in GROUPS.items()] + list(JobStatus.choices)

    def condition(self, value: str) -> Q | None:
        if value in GROUPS:
            return Q(status__in=GROUPS[value][1])
        return Q(status=value) if value in JobStatus.values else None


class QueueFilter(Narrowing):
    title = parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, name) for name in QUEUES]

    def condition(self, value: str) -> Q | None:
        return Q(queue=value) if value in QUEUES else None


class TaskFilter(Narrowing):
    title = parameter_name = "task"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, name) for name in registry.names()]

    def condition(self, value: str) -> Q | None:
        return Q(task=value) if value in registry.names() else None


class AgeFilter(Narrowing):
    title = parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, label) for name, (label, _) in AGES.items()]

    def condition(self, value: str) -> Q | None:
        return Q(created_at__gte=Now(-AGES[value][1])) if value in AGES else None


class OwnerFilter(Narrowing):
    """Offers mine and the system's; any other owner by a link."""

    title = parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        offered: Choices = [("system", "The system"), (str(request.user.pk), "Me")]
        value = self.value()
        return offered if value is None or value in dict(offered) else [*offered, (value, f"User {value[:20]}")]

    def condition(self, value: str) -> Q | None:
        if value == "system":
            return Q(owner_id=None)
        plain = value.isascii() and value.isdigit() and len(value) < 19
        return Q(owner_id=int(value)) if plain else None


class LinkedFilter(Narrowing):
    """Reached only by a link from a job's page; shown while it is in force."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        value = self.value()
        return [(value, value[:40])] if value else []


class ParentFilter(LinkedFilter):
    title = parameter_name = "parent"

    def condition(self, value: str) -> Q:
        identifier = _uuid(value)
        return Q(parent_id=identifier) if identifier else NONE


class BatchFilter(LinkedFilter):
    title = parameter_name = "batch"

    def condition(self, value: str) -> Q:
        identifier = _uuid(value)
        return Q(batch_id=identifier) if identifier else NONE


class FingerprintFilter(LinkedFilter):
    title = "same failure"
    parameter_name = "fingerprint"

    def condition(self, value: str) -> Q:
        return Q(fingerprint=value) if value.isascii() and value.isalnum() else NONE


LIST = (StatusFilter, QueueFilter, TaskFilter, AgeFilter, OwnerFilter, ParentFilter, BatchFilter, FingerprintFilter)


def known(request: HttpRequest) -> list[Word]:
    """What the filters in force say of the jobs, in words of a search."""
    offered = {"status": (*GROUPS, *JobStatus.values), "age": tuple(AGES)}
    given = {name: value for name in KNOWN if (value := request.GET.get(name)) and value.isprintable()}
    return [Word(name, "", (value,)) for name, value in given.items() if value in offered.get(name, (value,))]


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
