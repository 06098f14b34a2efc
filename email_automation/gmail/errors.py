"""What Gmail refuses, told apart: a closed list. Those that are a job's answer too, are what a task may raise."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from jobs.errors import Fail, Snooze

WAIT = 10.0  # seconds, where a refusal for haste does not say how long
WAIT_FOR_A_DAY = 3600.0  # seconds: what was used up for today is looked at again once an hour
LONGEST_WAIT = 6 * 3600.0
HASTE = {"ratelimitexceeded", "userratelimitexceeded", "quotaexceeded", "rate_limit_exceeded", "resource_exhausted"}
TODAY = {"dailylimitexceeded", "dailylimitexceededunreg"}
_RETRY_AFTER = re.compile(r"Retry after (\d{4}-\d\d-\d\dT[\d:.]+Z)")


class GmailError(Exception):
    """Gmail, or the way to it, did not do what it was asked. `code` is Gmail's own word for it."""

    def __init__(self, reason: str, code: str = "") -> None:
        Exception.__init__(self, reason)  # past a job's answer, which some are too
        self.reason = reason
        self.code = code


class NotFound(GmailError):
    """There is no such message, draft or label any more."""


class HistoryExpired(NotFound):
    """Gmail does not know any more what has changed since."""


class BadRequest(GmailError, Fail):
    """Gmail does not take this, now or later."""


class InsufficientPermission(GmailError, Fail):
    """The account did not allow this, or its domain or project does not."""


class RateLimited(GmailError, Snooze):
    """Too much for now: nothing was done. Worth asking again after `seconds`; `said` is what Gmail says of that."""

    def __init__(self, reason: str, code: str, status: int, said: float | None) -> None:
        super().__init__(reason, code)
        self.status = status
        self.said = said
        self.seconds = WAIT if said is None else said
        self.at = time.monotonic()


class Unauthorized(GmailError):
    """The access token is good no more; a new one may be."""


class NeedsReauth(GmailError, Fail):
    """The account is not connected any more: its owner has to connect it again."""


class Temporary(GmailError):
    """Gmail, or the way to it, failed. `perhaps_done`: what was asked for may have been done all the same."""

    def __init__(self, reason: str, code: str = "", *, perhaps_done: bool = True) -> None:
        super().__init__(reason, code)
        self.perhaps_done = perhaps_done


def of_answer(status: int, headers: Mapping[str, str], body: bytes) -> GmailError:
    """What an answer other than a success means."""
    details = _details(body)
    code = next(_codes(details), str(status))
    reason = f"Gmail answered {status}: {str(details.get('message') or code)[:200]}"
    codes = {one.lower() for one in _codes(details)}
    if status == HTTPStatus.UNAUTHORIZED:
        return Unauthorized(reason, code)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and codes & (HASTE | TODAY)):
        return RateLimited(reason, code, status, _seconds(headers, details, today=bool(codes & TODAY)))
    if status == HTTPStatus.FORBIDDEN:
        return InsufficientPermission(f"{reason}. {_remedy(codes)}", code)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotFound(reason, code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Temporary(reason, code)
    return BadRequest(reason, code)


def _details(body: bytes) -> dict[str, Any]:
    """The `error` object of an answer; empty where it is none, as from a proxy on the way."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {}


def _codes(details: Mapping[str, Any]) -> Iterator[str]:
    """Gmail's words for the error: its old ones, the newer ones, and the status that all of Google has."""
    for one in (*_dicts(details.get("errors")), *_dicts(details.get("details"))):
        if isinstance(one.get("reason"), str):
            yield one["reason"]
    if isinstance(details.get("status"), str):
        yield details["status"]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _seconds(headers: Mapping[str, str], details: Mapping[str, Any], *, today: bool) -> float | None:
    said = _header_seconds(headers.get("Retry-After", ""))
    if said is None and (found := _RETRY_AFTER.search(str(details.get("message")))):
        said = _until(found[1])
    if said is None:
        return WAIT_FOR_A_DAY if today else None
    return min(max(0.0, said), LONGEST_WAIT)


def _header_seconds(text: str) -> float | None:
    if text.strip().isdecimal():
        return float(text)
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None


def _until(text: str) -> float | None:
    try:
        return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None


def _remedy(codes: set[str]) -> str:
    if codes & {"accessnotconfigured", "service_disabled"}:
        return "Switch the Gmail API on for this project in the Google Cloud console."
    if codes & {"domainpolicy", "delegationdenied"}:
        return "The account's domain does not allow this app: ask its administrator."
    return "Connect the account again and leave every box of the consent page ticked."
