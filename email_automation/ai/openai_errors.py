"""What the OpenAI client raises, said in our words.

Only codes and ids are passed on, never the provider's sentences: they repeat parts of the key and of the mail.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import openai

from email_automation.ai.errors import AINotConfigured, ModelAnswerInvalid, ModelError, ModelRefused, ModelUnavailable
from email_automation.ai.redaction import redact

LONGEST_WAIT = 3600.0

_REMEDIES = {
    401: "check OPENAI_API_KEY",
    403: "check what OPENAI_API_KEY may use",
    404: "check OPENAI_MODEL, OPENAI_BASE_URL and OPENAI_API",
}
_TRY_AGAIN = {408, 409, 425}
_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6}(?:\.\d{1,9})?)s)?(?:(\d{1,9})ms)?")


def translate(error: openai.OpenAIError) -> ModelError:
    """Our error for the client's."""
    if isinstance(error, openai.RateLimitError):
        return _rate_limited(error)
    if isinstance(error, openai.APIStatusError):
        return _status(error)
    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailable("the model did not answer in time; AI_TIMEOUT sets how long to wait")
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable("the connection to the model failed; check OPENAI_BASE_URL if this stays")
    if isinstance(error, openai.APIResponseValidationError):
        return ModelAnswerInvalid("the model's server sent something that is no answer; check OPENAI_BASE_URL")
    return AINotConfigured(f"the OpenAI client cannot start: {redact(type(error).__name__)}; check OPENAI_API_KEY")


def wait_wished(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait, at most an hour; None if it does not say."""
    for value in (_number(headers.get("retry-after-ms", ""), 0.001), _retry_after(headers.get("retry-after", ""))):
        if value is not None:
            return min(value, LONGEST_WAIT)
    resets = [
        seconds
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0"
        and (seconds := _duration(headers.get(f"x-ratelimit-reset-{kind}", ""))) is not None
    ]
    return min(max(resets), LONGEST_WAIT) if resets else None


def _rate_limited(error: openai.RateLimitError) -> ModelError:
    if error.code == "insufficient_quota":
        return ModelRefused(f"the account's model budget is used up ({_what(error)}); add credit at the provider")
    wait = wait_wished(error.response.headers)
    # Without a time named, trying again is our guess and pays for itself with an attempt.
    return ModelUnavailable(
        f"the model provider limits our rate ({_what(error)})", retry_after=wait, counts=wait is None
    )


def _status(error: openai.APIStatusError) -> ModelError:
    if error.status_code >= 500 or error.status_code in _TRY_AGAIN:
        return ModelUnavailable(
            f"the model provider has trouble ({_what(error)})", retry_after=wait_wished(error.response.headers)
        )
    remedy = _REMEDIES.get(error.status_code, "check OPENAI_MODEL and OPENAI_API, or the text that was sent")
    return ModelRefused(f"the model provider refused the request ({_what(error)}); {remedy}")


def _what(error: openai.APIStatusError) -> str:
    words = [str(error.status_code), error.type, error.code, error.param, error.request_id]
    return ", ".join(_word(word) for word in words if isinstance(word, str) and _word(word))


def _word(text: str) -> str:
    return re.sub(r"[^\w.-]", "", redact(text))[:64]


def _retry_after(text: str) -> float | None:
    seconds = _number(text, 1)
    if seconds is not None:
        return seconds
    try:
        return max(parsedate_to_datetime(text[:64]).timestamp() - time.time(), 0)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(text: str, unit: float) -> float | None:
    try:
        value = float(text[:20]) * unit
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _duration(text: str) -> float | None:
    """`6m0s`, `1.5s`, `20ms` in seconds."""
    match = _DURATION.fullmatch(text.strip()[:40])
    if not match or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
