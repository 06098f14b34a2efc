"""The pages of the platform, in the order in which people need them; each sees those that they may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from jobs import access
from jobs.access import Verb
from jobs.admin.page import may_enqueue, may_see
from jobs.models.grant import User


@dataclass(frozen=True)
class Tab:
    name: str
    label: str
    page: str
    opens_to: Callable[[User], bool]

    @property
    def address(self) -> str:
        return reverse(self.page)


def of(user: User) -> list[Tab]:
    return [tab for tab in TABS if tab.opens_to(user)]


def _sees_all(user: User) -> bool:
    return access.may(user, Verb.SEE)


def _audits(user: User) -> bool:
    return access.may(user, Verb.AUDIT)


TABS = (
    Tab("overview", "Overview", "jobs-overview", may_see),
    Tab("job", "Jobs", "admin:jobs_job_changelist", lambda user: True),
    Tab("failures", "Failures", "jobs-failures", may_see),
    Tab("doubt", "In doubt", "jobs-doubt", may_see),
    Tab("alerts", "Alerts", "jobs-alerts", may_see),
    Tab("queues", "Queues", "jobs-queues", may_see),
    Tab("workers", "Workers", "jobs-workers", may_see),
    Tab("schedule", "Schedules", "admin:jobs_schedule_changelist", may_see),
    Tab("batch", "Batches", "admin:jobs_batch_changelist", _sees_all),
    Tab("quarantine", "Quarantine", "admin:jobs_quarantine_changelist", _sees_all),
    Tab("auditentry", "Audit", "admin:jobs_auditentry_changelist", _audits),
    Tab("enqueue", "Enqueue", "jobs-enqueue", may_enqueue),
)
