"""All that is known of one job, gathered for its page."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs import history, lifecycle, masking, owners, why
from jobs.admin import copying, diagram
from jobs.admin.display import job_link, moment, pretty, took
from jobs.api import details
from jobs.models import WAITING, Job, JobStatus
from jobs.models.grant import User

LATEST = 20  # attempts, events, effects, children shown


def of(job: Job, user: User, *, origin: str) -> dict[str, Any]:
    """The page's context: facts and what belongs to the job, newest first. `origin`: the site's scheme and host."""
    children = list(
        Job.objects.visible_to(user).filter(parent_id=job.pk).newest_first().defer("arguments", "workflow")[:LATEST]
    )
    past = history.of(job, children=children)
    arguments = masking.arguments(job)
    result = pretty(masking.result(job)) if job.status == JobStatus.COMPLETED else ""
    address = origin + reverse("api-jobs")
    return {
        "history": past,
        "diagram": diagram.diagram(past),
        "copies": [
            ("a command", copying.as_command(job, arguments)),
            ("curl", copying.as_curl(job, arguments, address)),
        ],
        "facts": _facts(job),
        "why": why.explain(job) if job.status in (*WAITING, JobStatus.IN_DOUBT) else None,
        "told": details.of(job).items(),
        "arguments": pretty(arguments),
        "is_masked": f'"{masking.MASK}"' in pretty(arguments) + result,
        "checkpoint": _checkpoint(job),
        "result": result,
        "attempts": past.attempts[:LATEST],
        "effects": past.effects[:LATEST],
        "children": children,
        "latest": LATEST,
    }


def _checkpoint(job: Job) -> str:
    kept = lifecycle.kept(job.pk)
    return pretty(masking.masked(json.loads(kept), masking.declared(job.task))) if kept else ""


def _facts(job: Job) -> list[tuple[str, Any]]:
    """What is known, as label and value; what is not is left out."""
    facts = [
        ("Queue", _listed("queue", job.queue)),
        (
            "Owner",
            _listed("owner", "system" if job.owner_id is None else job.owner_id, owners.names_of([job])[job.owner_id]),
        ),
        ("Created", moment(job.created_at)),
        ("Not before", moment(job.run_at) if job.status in WAITING else None),
        ("Rung", f"{job.rings} times" if job.status in WAITING and job.rings else None),
        ("Expires", moment(job.expires_at) if job.expires_at else None),
        ("Started", moment(job.started_at) if job.started_at else None),
        ("Ended", moment(job.finished_at) if job.finished_at else None),
        ("Took", took(job)),
        ("Failed tries", f"{job.failures} of {job.max_retries + 1}"),
        ("Runs", job.attempt),
        ("Priority", job.priority),
        ("Time limit", f"{job.time_limit:g} s"),
        ("Worker", f"{job.worker} (process {job.pid})" if job.worker else None),
        ("Lease until", moment(job.lease_until) if job.lease_until else None),
        ("Cancel asked", moment(job.cancel_requested_at) if job.cancel_requested_at else None),
        ("Own id", job.key),
        ("Unique key", job.unique_key),
        ("Correlation id", _searched(job.correlation_id)),
        ("Trace", job.trace_id),
        ("Parent", job_link(job.parent_id) if job.parent_id else None),
        ("Batch", _listed("batch", job.batch_id)),
        ("Same failures", _listed("fingerprint", job.fingerprint)),
    ]
    return [(label, value) for label, value in facts if value not in (None, "")]


def _listed(parameter: str, value: Any, label: str = "") -> SafeString | None:
    """A link to the jobs with this value."""
    if not value:
        return None
    address = reverse("admin:jobs_job_changelist", query={parameter: value})
    return format_html('<a href="{}">{}</a>', address, label or value)


def _searched(text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:jobs_job_changelist", query={"q": text}), text)
