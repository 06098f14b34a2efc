"""Indexes by which attempts and effects that ended lately are found, however many there are."""

from django.db import migrations, models

from jobs.migrations._live import AddIndexLive


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("jobs", "0014_totals")]

    operations = [
        AddIndexLive("attempt", models.Index(fields=["finished_at"], name="attempt_finished")),
        AddIndexLive(
            "effect",
            models.Index(
                fields=["settled_at"], name="effect_settled", condition=models.Q(settled_at__isnull=False)
            ),
        ),
    ]
