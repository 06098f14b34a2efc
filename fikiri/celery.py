"""The Celery app: `celery -A fikiri worker`, `flower`, `inspect`, `call`."""

import os

from jobs.app import LedgerCelery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fikiri.settings")

app = LedgerCelery("fikiri")
app.config_from_object("celeryconfig")
app.autodiscover_tasks()
