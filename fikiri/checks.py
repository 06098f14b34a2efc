"""What `manage.py check` says about settings that do not fit together, each with its remedy."""

import os
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice

from email_automation.ai.providers import PROVIDERS
from jobs.alerts import delivery
from jobs.errors import Refused

RESERVED = (".example", ".example.com", ".example.net", ".example.org", ".test", ".invalid", ".localhost")
REDIS_SCHEMES = ("redis://", "rediss://", "redis+socket://", "sentinel://")


@register(Tags.compatibility)
def model_settings(**_: Any) -> Iterator[CheckMessage]:
    """The model that classifies and writes."""
    if settings.AI_PROVIDER not in PROVIDERS:
        yield Error(
            f"AI_PROVIDER is {settings.AI_PROVIDER!r}.", hint=f"Use one of: {', '.join(PROVIDERS)}.", id="fikiri.E001"
        )
    if settings.AI_PROVIDER == "openai" and not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        yield Error("AI_PROVIDER is openai, without a key.", hint="Set OPENAI_API_KEY.", id="fikiri.E002")
    if settings.OPENAI_API not in ("responses", "chat"):
        yield Error(f"OPENAI_API is {settings.OPENAI_API!r}.", hint="Use responses or chat.", id="fikiri.E003")


@register(Tags.compatibility)
def mail_settings(**_: Any) -> Iterator[CheckMessage]:
    """How mail goes out."""
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        yield Error(
            "SMTP_TLS and SMTP_SSL are both on.",
            hint="SMTP_SSL for a server that speaks TLS at once (port 465), else SMTP_TLS (587).",
            id="fikiri.E004",
        )
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if "@" not in sender:
        yield Error(
            f"MAIL_FROM is {settings.DEFAULT_FROM_EMAIL!r}, which has no address.",
            hint='Use a form such as "Fikiri <hello@your-domain.com>".',
            id="fikiri.E005",
        )
    elif os.environ.get("SMTP_HOST") and f".{sender.rpartition('@')[2].lower()}".endswith(RESERVED):
        yield Advice(
            f"MAIL_FROM is {sender}, an address that no receiver believes, and SMTP_HOST is a real server.",
            hint="Set MAIL_FROM to an address of your own domain.",
            id="fikiri.W006",
        )


@register(Tags.compatibility)
def broker_settings(**_: Any) -> Iterator[CheckMessage]:
    """Where doorbells ring."""
    if not settings.REDIS_URL.startswith(REDIS_SCHEMES):
        yield Error(
            f"REDIS_URL begins with {settings.REDIS_URL.partition(':')[0]!r}.",
            hint=f"Use one of: {', '.join(REDIS_SCHEMES)}.",
            id="fikiri.E007",
        )


@register(Tags.compatibility)
def alert_settings(**_: Any) -> Iterator[CheckMessage]:
    """Where alerts go."""
    if url := settings.JOBS.get("ALERT_WEBHOOK"):
        try:
            delivery.check(url, settings.JOBS.get("ALERT_SECRET", ""))
        except Refused as error:
            yield Error(f"{error.field} does not do.", hint=str(error), id="fikiri.E012")


@register(Tags.security, deploy=True)
def server_settings(**_: Any) -> Iterator[CheckMessage]:
    """What a laptop may leave as it is and a server may not."""
    if not os.environ.get("SECRET_KEY"):
        yield Advice(
            "SECRET_KEY is a file of this machine.",
            hint="Set SECRET_KEY to one random text for all machines: sessions and signed links depend on it.",
            id="fikiri.W008",
        )
    if not settings.HTTPS:
        yield Advice("FIKIRI_HTTPS is off.", hint="Leave it on, behind a proxy that ends TLS.", id="fikiri.W009")
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        yield Advice(
            "The database is SQLite, which has one writer.",
            hint="Set DATABASE_URL to PostgreSQL: postgres://user:password@host/name",
            id="fikiri.W010",
        )
    if not os.environ.get("REDIS_URL"):
        yield Advice(
            "Redis is a socket of this machine.", hint="Set REDIS_URL: rediss://:password@host:6379/0", id="fikiri.W011"
        )
