"""Pieces of a page: badges, bars, times, JSON. Everything given to them is escaped."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.models import WAITING, Job, JobStatus
from jobs.wording import UNITS, span

SHOWN = 20_000  # characters of a JSON document or a log


def badge(status: str, label: str = "") -> SafeString:
    return format_html('<span class="jobs-badge jobs-{}">{}</span>', status, label or status.replace("_", " "))


def bar(job: Job) -> SafeString:
    """How far a job is, once it has said so."""
    percent = job.percent
    if percent is None or (percent == 0 and job.status in WAITING):
        return format_html("{}", "")
    return gauge(percent, job.progress_message)


def gauge(percent: float, title: str = "") -> SafeString:
    words = f"{percent:g} %"
    return format_html(
        '<progress class="jobs-bar" max="100" value="{}" title="{}">{}</progress> <span class="jobs-quiet">{}</span>',
        percent,
        title or words,
        words,
        words,
    )


def moment(value: datetime | None) -> SafeString:
    """How long ago or ahead a time is, with the exact one behind it."""
    if value is None:
        return format_html("{}", "-")
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), f"{local:%Y-%m-%d %H:%M:%S %Z}", ago(value)
    )


def ago(value: datetime) -> str:
    seconds = (datetime.now(UTC) - value).total_seconds()
    if abs(seconds) < 1:
        return "now"
    size, unit = next((size, unit) for size, unit in UNITS if abs(seconds) >= size)
    about = f"{int(abs(seconds)) // size} {unit}"
    return f"{about} ago" if seconds > 0 else f"in {about}"


def spanned(seconds: float | None) -> str:
    """A length of time, nothing for none; "longer" for one past the last class of a histogram."""
    if seconds is None:
        return ""
    return "longer than 1 h" if math.isinf(seconds) else span(seconds)


def took(job: Job) -> str:
    """How long its last run took, or how long it runs already."""
    if job.started_at is None:
        return ""
    if job.status == JobStatus.PROCESSING:
        return f"{span((datetime.now(UTC) - job.started_at).total_seconds())} so far"
    if job.finished_at is None or job.finished_at < job.started_at:
        return ""
    return span((job.finished_at - job.started_at).total_seconds())


def tries(job: Job) -> str:
    """How many of the runs it may have went wrong."""
    return f"{job.failures} of {job.max_retries + 1} tries failed"


def pretty(value: Any) -> str:
    """A JSON value for reading; a very long one is cut."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}\n… {len(text) - SHOWN:,} characters more"


def block(text: str) -> SafeString:
    return format_html('<pre class="jobs-block">{}</pre>', text) if text else format_html("{}", "-")


def job_link(job_id: Any, label: str = "") -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:jobs_job_change", args=[job_id]), label or str(job_id))
