"""What `manage.py check` says about the platform's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from jobs.config import config
from jobs.models import FINAL
from jobs.queues import QUEUES

# Of commands, before they run: settings and models. Addresses are the web server's: to read them, and all the code that
# answers them, would take longer than most commands do.
OF_COMMANDS = (Tags.compatibility, Tags.models)


@register(Tags.compatibility)
def retention(**_: Any) -> Iterator[CheckMessage]:
    """How long what is kept."""
    known = {str(status) for status in FINAL} | {f"{status}:{queue}" for status in FINAL for queue in QUEUES}
    for name, days in config().RETENTION.items():
        if name not in known:
            hint = f"Use a status ({', '.join(FINAL)}), or status:queue with one of {', '.join(QUEUES)}."
            yield Error(f"JOBS RETENTION names {name!r}.", hint=hint, id="jobs.E001")
        elif days < 0:
            yield Error(f"JOBS RETENTION of {name} is {days} days.", hint="Use 0 or more.", id="jobs.E002")
