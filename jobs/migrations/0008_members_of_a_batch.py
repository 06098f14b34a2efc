"""A batch's members in order of time; the index counts them by status, too, as the one before it did."""

from django.db import migrations, models
from django.db.models import Q

from jobs.migrations._live import AddIndexLive, RemoveIndexLive


class Migration(migrations.Migration):
    atomic = False  # so that nobody waits for it

    dependencies = [("jobs", "0007_alert_history")]

    operations = [
        AddIndexLive(
            "job",
            models.Index(
                fields=["batch", "-created_at", "-id", "status"],
                name="job_of_batch",
                condition=Q(batch__isnull=False),
            ),
        ),
        RemoveIndexLive("job", "job_batch"),
    ]
