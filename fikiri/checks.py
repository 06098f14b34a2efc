"""What `manage.py check` says about settings that do not fit together, each with its remedy."""

import os
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice
from django.core.exceptions import ImproperlyConfigured
from phonenumbers import SUPPORTED_REGIONS

from email_automation.ai.providers import PROVIDERS
from email_automation.connecting import encryption
from email_automation.connecting.scopes import ACCESS
from jobs.alerts import delivery
from jobs.errors import Refused

RESERVED = (".example", ".example.com", ".example.net", ".example.org", ".test", ".invalid", ".localhost")
TO_GOOGLE = ("GOOGLE_AUTH_URI", "GOOGLE_TOKEN_URI", "GOOGLE_REVOKE_URI", "GMAIL_API_ROOT")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
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


@register(Tags.compatibility)
def account_settings(**_: Any) -> Iterator[CheckMessage]:
    """How mailboxes at providers are reached."""
    try:
        encryption.keys()
    except ImproperlyConfigured as error:
        yield Error("FIELD_KEYS do not do.", hint=str(error), id="fikiri.E013")
    if settings.GMAIL_ACCESS not in ACCESS:
        yield Error(
            f"GMAIL_ACCESS is {settings.GMAIL_ACCESS!r}.", hint=f"Use one of: {', '.join(ACCESS)}.", id="fikiri.E014"
        )
    if bool(settings.GOOGLE_CLIENT_ID) != bool(settings.GOOGLE_CLIENT_SECRET):
        yield Error(
            "Of GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET one is set.",
            hint="Set both, from the same OAuth client, or none.",
            id="fikiri.E015",
        )
    for name in TO_GOOGLE:
        parts = urlsplit(getattr(settings, name))
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            yield Error(f"{name} is not https.", hint="Tokens go there: use https://...", id="fikiri.E016")


@register(Tags.compatibility)
def address_settings(**_: Any) -> Iterator[CheckMessage]:
    """Where this site is, and whose phone numbers it reads."""
    for name in ("PUBLIC_URL", "FRONTEND_URL"):
        address = getattr(settings, name)
        parts = urlsplit(address)
        if address and not (parts.scheme in ("http", "https") and parts.hostname):
            yield Error(
                f"{name} is {address!r}, which is no address.",
                hint="Links in mail begin with it: https://fikiri.your-domain.com",
                id="fikiri.E019",
            )
    if settings.PHONE_REGION not in SUPPORTED_REGIONS:
        yield Error(
            f"PHONE_REGION is {settings.PHONE_REGION!r}.", hint="Use two letters, such as US or DE.", id="fikiri.E020"
        )


@register(Tags.security, deploy=True)
def key_settings(**_: Any) -> Iterator[CheckMessage]:
    """A key that only this machine has."""
    if not os.environ.get("FIELD_KEYS"):
        yield Error(
            "FIELD_KEYS is a file of this machine.",
            hint=f"Set it, the same on all machines, or no other opens a mailbox. {encryption.MAKE_ONE}",
            id="fikiri.E017",
        )


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
    if not settings.PUBLIC_URL:
        yield Advice(
            "PUBLIC_URL is not set.",
            hint="Set it to how people reach this site, https://...: without it no mail has a link to unsubscribe.",
            id="fikiri.W018",
        )
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
