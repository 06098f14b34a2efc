"""What a sync brought, in numbers and in words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.db.models import Count

from crm.models import Contact, Lead
from email_automation.models import SyncRun
from fikiri.laptop.pipeline import TROUBLE, Followed
from fikiri.laptop.progress import CLASSIFY
from jobs.models import Job, JobStatus

CAUSES = 5  # shown of what went wrong


@dataclass(frozen=True)
class Summary:
    """Of one sync, but contacts and leads: all that the mailbox' user has now. `seconds`: see `pipeline.Followed`."""

    messages_found: int
    messages_synced: int
    duplicates: int
    unreadable: int
    classified: int
    contacts: int
    leads: int
    jobs: dict[str, int]
    seconds: float
    messages_per_second: float

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """For people."""
        parts = f"{self.messages_synced} new, {self.duplicates} known already, {self.unreadable} unreadable"
        yield f"Messages    {self.messages_found} found: {parts}"
        yield f"Classified  {self.classified}"
        yield f"Customers   {self.contacts} contacts, {self.leads} leads"
        yield f"Jobs        {', '.join(f'{number} {status}' for status, number in self.jobs.items()) or 'none'}"
        yield f"Time        {self.seconds:.1f} s, {self.messages_per_second:.1f} messages a second"


def summarise(run: SyncRun, followed: Followed) -> Summary:
    """Count what came of a sync."""
    user_id = run.mailbox.user_id
    return Summary(
        messages_found=run.found,
        messages_synced=run.synced,
        duplicates=run.duplicates,
        unreadable=run.unreadable,
        classified=followed.tally.completed[CLASSIFY],
        contacts=Contact.objects.filter(user_id=user_id).count(),
        leads=Lead.objects.filter(user_id=user_id).count(),
        jobs=dict(sorted(followed.tally.statuses.items())),
        seconds=round(followed.seconds, 2),
        messages_per_second=round(run.found / followed.seconds, 1) if followed.seconds else 0.0,
    )


def troubles(correlation_id: str) -> Iterator[str]:
    """A line for each cause of jobs that did not complete, or try again, the most frequent first."""
    statuses = (*TROUBLE, JobStatus.RETRYING)
    rows = Job.objects.filter(correlation_id=correlation_id, status__in=statuses).order_by()
    causes = rows.values_list("task", "status", "error", "reason").annotate(number=Count("id"))
    for task, status, error, reason, number in causes.order_by("-number", "task", "status", "error")[:CAUSES]:
        yield f"{number} x {task} {status}: {error or reason}"
