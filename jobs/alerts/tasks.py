"""Alerts are delivered by jobs like any other: retried, seen, cancelled, run again.

Each way has a task on each queue, so that the alert that a queue has no worker does not wait for one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs import health
from jobs.alerts import delivery
from jobs.config import config
from jobs.queues import QUEUES, JobQueue
from jobs.retries import RetryRule

PREFERRED = ("crm", "email", "ai")  # the quickest first
WAYS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"webhook": delivery.webhook, "mail": delivery.mail}
RETRIES = {Exception: RetryRule(max_retries=8, delay=10)}


def name_of(way: str, queue: str) -> str:
    return f"alert_by_{way}_{queue}"


NAMES = [name_of(way, queue) for way in WAYS for queue in QUEUES]

for _queue in QUEUES:
    for _way, _deliver in WAYS.items():
        JobQueue(_queue).task(
            name=name_of(_way, _queue), effects=True, retry=RETRIES, soft_time_limit=25, time_limit=30
        )(_deliver)


def ways() -> list[str]:
    """How alerts are told now: by webhook, by mail, both or not at all."""
    return [way for way, is_on in (("webhook", config().ALERT_WEBHOOK), ("mail", config().ALERT_MAIL)) if is_on]


def channels() -> list[str]:
    """The tasks that deliver an alert now: one for each way that is switched on, on a queue that is served."""
    if not ways():
        return []
    states = health.queues()
    queue = next((name for name in PREFERRED if states[name].state == "ok"), PREFERRED[0])
    return [name_of(way, queue) for way in ways()]
