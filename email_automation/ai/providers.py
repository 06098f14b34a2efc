"""One interface, several models; `provider()` is the one place that reads settings."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Protocol

from django.conf import settings

from email_automation.ai.errors import AINotConfigured
from email_automation.ai.schemas import Answer, Classification, Draft, MailText, Summary, Usage

PROVIDERS = ("offline", "openai")


class ModelProvider(Protocol):
    """Every method returns the answer and what it cost, or raises a `ModelError`."""

    name: str

    def classify(self, mail: MailText) -> tuple[Classification, Usage]: ...

    def draft_reply(self, mail: MailText, *, instructions: str = "", sender: str = "") -> tuple[Draft, Usage]:
        """A reply to `mail`. `instructions` are the user's own words, `sender` the name to sign with."""

    def summarise(self, mail: MailText) -> tuple[Summary, Usage]: ...

    def answer(self, prompt: str) -> tuple[Answer, Usage]: ...


def provider() -> ModelProvider:
    """The model that the settings choose; raises `AINotConfigured` when they do not fit together."""
    chosen = _text("AI_PROVIDER", "offline")
    if chosen == "offline":
        return _offline(_text("PHONE_REGION", ""))
    if chosen == "openai":
        return _openai(
            os.getpid(),
            _text("OPENAI_API_KEY"),
            _text("OPENAI_BASE_URL"),
            _text("OPENAI_MODEL"),
            _text("OPENAI_API", "responses"),
            _timeout(),
            _text("PHONE_REGION", ""),
        )
    raise AINotConfigured(f"AI_PROVIDER is {chosen!r}; set it to one of: {', '.join(PROVIDERS)}")


def _text(name: str, default: str = "") -> str:
    return str(getattr(settings, name, "") or default).strip()


def _timeout() -> float:
    value = getattr(settings, "AI_TIMEOUT", 30)
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0
    if not 0 < seconds <= 600:
        raise AINotConfigured(f"AI_TIMEOUT is {value!r}; set it to seconds between 0 and 600, such as 30")
    return seconds


@lru_cache(maxsize=4)
def _offline(region: str) -> ModelProvider:
    # Imported here: numpy and the weights are loaded only where a mail is classified, not in the web server.
    from email_automation.ai.offline import OfflineProvider

    return OfflineProvider(region=region)


# Keyed by the process too: a connection pool must not be shared with a forked child.
@lru_cache(maxsize=4)
def _openai(_pid: int, key: str, base_url: str, model: str, api: str, timeout: float, region: str) -> ModelProvider:
    from email_automation.ai.openai_provider import OpenAIProvider

    return OpenAIProvider(key=key, base_url=base_url, model=model, api=api, timeout=timeout, region=region)
