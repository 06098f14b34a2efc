"""The sample mailbox, under a user of its own, so that there is something to see."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django_celery_results.models import TaskResult

from email_automation import sample, services
from fikiri import places
from fikiri.laptop.accounts import ensure_user
from jobs import services as job_services
from jobs.models import Job, JobStatus

USER = "demo"
CHUNK = 500  # rows a transaction


class DemoBusyError(Exception):
    """Jobs of the demo are running."""


def belongs_here() -> bool:
    """Whether the database is the laptop's own, which is the only one that sample mail may go into."""
    return str(settings.DATABASES["default"]["NAME"]) == str(places.var() / "fikiri.sqlite3")


def is_first_start() -> bool:
    """Whether nobody has used this database yet."""
    return not get_user_model()._default_manager.exists()


def sync() -> Job:
    """Enqueue a sync of the sample mailbox."""
    with transaction.atomic():
        mailbox = services.add_mailbox(ensure_user(USER, sample.OWNER), sample.MBOX)
        return services.sync_mailbox(mailbox)


def remove() -> bool:
    """Delete the demo user and everything that came of its mail. Returns whether there was one.

    Raises DemoBusyError while a job of it runs; what waits is cancelled.
    """
    user = get_user_model()._default_manager.filter(username=USER).first()
    if user is None:
        return False
    jobs = Job.objects.filter(owner_id=user.pk)
    for job_id in jobs.waiting().values_list("id", flat=True):
        job_services.cancel(job_id, by="remove_demo")
    if jobs.filter(status=JobStatus.PROCESSING).exists():
        raise DemoBusyError("Jobs of the demo are running. Try again when they are done.")
    while ids := list(jobs.values_list("id", flat=True)[:CHUNK]):
        with transaction.atomic():
            TaskResult.objects.filter(task_id__in=[str(identifier) for identifier in ids]).delete()
            Job.objects.filter(id__in=ids).delete()
    user.delete()
    return True
