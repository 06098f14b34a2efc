"""The Celery app: `celery -A fikiri worker`, `flower`, `inspect`, `call`."""

import os
from typing import Any

from celery import signals

from jobs.app import LedgerCelery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fikiri.settings")

app = LedgerCelery("fikiri")
app.config_from_object("celeryconfig")
app.autodiscover_tasks()


@signals.setup_logging.connect(dispatch_uid="fikiri.logging")
def keep_logging(**_: Any) -> None:
    """Logging is set up by `fikiri.logs` already: with a receiver here, Celery leaves it alone."""
