"""Slices of half an hour and of three hours beside those of five minutes, made of them."""

from datetime import datetime

from django.db import migrations, models

WIDTHS = (30, 180)  # minutes
SUMS = ("jobs", "started", "wait_sum", "run_sum", "total_sum")
LISTS = ("waits", "runs", "totals")


def widen(apps, schema_editor):
    slices = apps.get_model("jobs", "Slice")._default_manager
    for width in WIDTHS:
        wide = {}
        for part in slices.filter(width=5).iterator():
            seconds = part.at.timestamp() // (width * 60) * width * 60
            at = datetime.fromtimestamp(seconds, part.at.tzinfo)
            key = (at, part.queue, part.task, part.outcome)
            if key not in wide:
                part.pk, part.at, part.width = None, at, width
                wide[key] = part
                continue
            into = wide[key]
            for name in SUMS:
                setattr(into, name, getattr(into, name) + getattr(part, name))
            for name in LISTS:
                one, other = getattr(into, name), getattr(part, name)
                setattr(into, name, [a + b for a, b in zip(one, other)] if one and other else one or other)
        slices.bulk_create(wide.values(), batch_size=500)


def narrow(apps, schema_editor):
    apps.get_model("jobs", "Slice")._default_manager.exclude(width=5).delete()


class Migration(migrations.Migration):
    dependencies = [("jobs", "0004_holds")]

    operations = [
        migrations.RemoveConstraint(model_name="slice", name="slice_once"),
        migrations.AddField(
            model_name="slice",
            name="width",
            field=models.PositiveSmallIntegerField(default=5, help_text="Minutes."),
        ),
        migrations.AddConstraint(
            model_name="slice",
            constraint=models.UniqueConstraint(
                fields=("width", "at", "queue", "task", "outcome"), name="slice_once_of_width"
            ),
        ),
        migrations.RunPython(widen, narrow),
    ]
