"""Our Celery: whatever one of our processes sends makes a job first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import django
from celery import Celery
from celery.result import AsyncResult
from django.apps import apps

from jobs.reserve import Reserve
from jobs.strangers import Strangers
from jobs.timers import Timers


class LedgerCelery(Celery):
    task_cls = "jobs.task:JobTask"
    control_cls = "jobs.control:LedgerControl"
    events_cls = "jobs.telling:LedgerEvents"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.steps["consumer"].update((Reserve, Strangers, Timers))

    @cached_property
    def Worker(self) -> Any:  # noqa: N802 - Celery's name
        if not apps.ready:  # `celery -A fikiri worker` asks for its worker first
            django.setup()
        return self.subclass_with_self("jobs.stopping:LedgerWorker")  # type: ignore[arg-type]  # a name does too

    def send_task(  # type: ignore[override]  # every option may be given, and most mean nothing here
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Enqueue a task by name: signatures by name, `celery call`, Flower.

        Raises:
            UnknownTask, InvalidArguments: in the sender's traceback.
        """
        if not apps.ready:
            django.setup()
        from jobs import workflow
        from jobs.task import enqueue_native

        followers = workflow.of_options(
            options.pop("chain", None), options.pop("link", None), options.pop("link_error", None)
        )
        return enqueue_native(name, args, kwargs, followers=followers, **options)
