"""What is kept of an error: safe text, no secrets, and a fingerprint that groups errors that are alike."""

from __future__ import annotations

import hashlib
import re
import traceback
from dataclasses import dataclass

ERROR_LIMIT = 4_000  # characters
TRACEBACK_LIMIT = 20_000
WORKER_LOST = "WorkerLost"  # the class of an error that nobody could raise: its process or worker was gone
_SECRETS = re.compile(
    r"(?:\bsk-[\w-]{8,}|\bya29\.[\w.-]+|\bAKIA[A-Z0-9]{12,}|\bBearer\s+[\w.~+/=-]+|://[^/\s:@]+:[^/\s@]+@|"
    r"(?:password|passwd|token|secret|api[_-]?key|authorization|cookie)[\"']?\s?[:=]\s?[\"']?"
    r"(?:(?:token|bearer|basic)\s+)?[^\s\"',;&})\]]+)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27,}|\d+|'[^']*'|\"[^\"]*\"|\S+@\S+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Report:
    """How an attempt ended, as it is stored."""

    error: str = ""
    error_class: str = ""
    traceback: str = ""
    fingerprint: str = ""
    reason: str = ""
    log: str = ""
    rule: str = ""  # the error's class that a retry rule of the task names


def of_exception(error: BaseException, *, log: str = "", reason: str = "") -> Report:
    """A report of an exception, cleaned: NULs, half surrogates and what looks like a secret are taken out."""
    name = type(error).__name__
    text = clean(str(error))[:ERROR_LIMIT] or name
    trace = clean("".join(traceback.format_exception(error)))
    return Report(
        error=text,
        error_class=name[:150],
        traceback=trace[-TRACEBACK_LIMIT:],
        fingerprint=fingerprint(name, text),
        reason=clean(reason),
        log=clean(log),
    )


def of_text(error: str, *, error_class: str = "", reason: str = "", log: str = "") -> Report:
    text, error_class = clean(error)[:ERROR_LIMIT], storable(error_class)
    return Report(
        error=text,
        error_class=error_class[:150],
        fingerprint=fingerprint(error_class, text),
        reason=clean(reason),
        log=clean(log),
    )


def over_hard_limit(seconds: float) -> Report:
    return of_text(f"It ran longer than its hard time limit of {seconds:g} s.", error_class="TimeLimitExceeded")


def clean(text: str) -> str:
    """Text that every database stores and every operator may read."""
    return _SECRETS.sub("[removed]", storable(text))


def storable(text: str) -> str:
    """The text without what no database stores: NULs and half surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def fingerprint(name: str, text: str) -> str:
    """The same for errors that differ only in numbers, ids, quoted values and addresses."""
    shape = _VARIABLE.sub("*", text)[:500]
    return hashlib.sha256(f"{name}:{shape}".encode()).hexdigest()[:16]
