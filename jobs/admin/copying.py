"""A job as text to paste: a command, or a call of the API."""

from __future__ import annotations

import json
import shlex
from typing import Any

from jobs.models import Job


def as_command(job: Job, arguments: Any) -> str:
    """Enqueues the like in a shell. `arguments` as the reader may see them."""
    words = ["manage.py", "enqueue", job.task, "--args", json.dumps(arguments, ensure_ascii=False)]
    words += ["--priority", str(job.priority)] if job.priority != 5 else []
    words += ["--owner", str(job.owner_id)] if job.owner_id is not None else []
    return shlex.join(words)


def as_curl(job: Job, arguments: Any, address: str) -> str:
    """Enqueues the like over REST at this address, with a token in $TOKEN."""
    body: dict[str, Any] = {"task": job.task, "args": arguments, "priority": job.priority}
    if job.owner_id is not None:
        body["user_id"] = job.owner_id
    text = shlex.quote(json.dumps(body, ensure_ascii=False))
    head = '-H "Authorization: Token $TOKEN" -H "Content-Type: application/json"'
    return f"curl {head} -d {text} {shlex.quote(address)}"
