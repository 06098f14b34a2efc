"""Celery's chains and links through the ledger: the rest of the way stands on the row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from celery.canvas import Signature

from jobs.arguments import plain
from jobs.errors import Refused
from jobs.lifecycle.values import Claim
from jobs.models import Job

log = structlog.stdlib.get_logger("jobs")


def of_options(chain: Sequence[Any] | None, link: Any, link_error: Any) -> dict[str, Any] | None:
    """What is to follow, as JSON; None when nothing is.

    Raises:
        InvalidArguments: it is no JSON, too large, or holds what no database stores.
    """
    rest = {"chain": list(chain or ()), "link": _listed(link), "link_error": _listed(link_error)}
    if not any(rest.values()):
        return None
    return plain("what follows", rest).values


def follow(claim: Claim, result: str) -> None:
    """Enqueue what follows a completed job, in the transaction that settles it."""
    assert claim.workflow is not None
    value = json.loads(result)
    for link in claim.workflow.get("link", ()):
        Signature.from_dict(link).apply_async((value,))
    if chain := claim.workflow.get("chain"):
        Signature.from_dict(chain[-1]).apply_async((value,), chain=chain[:-1])


def follow_failure(job: Job) -> None:
    """Enqueue the error links of a job that failed, in the transaction that settles it. They take its id."""
    for link in (job.workflow or {}).get("link_error", ()):
        try:
            Signature.from_dict(link).apply_async((str(job.pk),))
        except Refused as error:  # it must not keep the failure from being settled
            log.error("error link refused", action="link_error_refused", job=str(job.pk), reason=str(error))


def _listed(signatures: Mapping[str, Any] | Sequence[Any] | None) -> list[Any]:
    if not signatures:
        return []
    return [signatures] if isinstance(signatures, Mapping) else list(signatures)
