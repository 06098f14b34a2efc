"""Indexes of lists and counts that stay quick on a full ledger. None is of a job that completed."""

from django.db import migrations, models
from django.db.models import Q

from jobs.migrations._live import AddIndexLive

WAITING = Q(status__in=("pending", "retrying"))
BADLY = Q(status__in=("failed", "dead", "cancelled", "expired", "in_doubt"))


class Migration(migrations.Migration):
    atomic = False  # so that nobody waits for it

    dependencies = [("jobs", "0005_slices_of_hours")]

    operations = [
        AddIndexLive("auditentry", models.Index(fields=["subject", "-id"], name="audit_subject")),
        AddIndexLive("batch", models.Index(fields=["-created_at", "-id"], name="batch_created")),
        AddIndexLive(
            "job", models.Index(fields=["-created_at", "-id"], name="job_newest_waiting", condition=WAITING)
        ),
        AddIndexLive("job", models.Index(fields=["-created_at", "-id"], name="job_newest_badly", condition=BADLY)),
        AddIndexLive(
            "job",
            models.Index(
                fields=["fingerprint", "-created_at", "-id"], name="job_fingerprint", condition=~Q(fingerprint="")
            ),
        ),
        AddIndexLive(
            "job",
            models.Index(
                fields=["queue", "run_at", "id", "priority", "task"], name="job_backlog", condition=WAITING
            ),
        ),
        AddIndexLive(
            "job", models.Index(fields=["finished_at", "id"], name="job_doubt", condition=Q(status="in_doubt"))
        ),
    ]
