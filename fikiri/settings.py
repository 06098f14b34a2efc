"""Every setting, from the environment. The table for people is in docs/configuration.md."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from django.core.exceptions import ImproperlyConfigured

from fikiri import places
from fikiri.environment import Environment

for name, value in places.running().items():  # a second terminal finds what `bin/run` started
    os.environ.setdefault(name, value)

env = Environment()

BASE_DIR = places.BASE
VAR = places.var()
LAPTOP = env.bool("FIKIRI_LAPTOP", default=False)  # set by `bin/run`: plain http on loopback
HTTPS = env.bool("FIKIRI_HTTPS", default=not LAPTOP)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or places.secret("secret-key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "fikiri",
    "jobs",
    "crm",
    "email_automation",
    "django_celery_results",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "fikiri.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "jobs.tracing.middleware.TracingMiddleware",
    "jobs.correlation.CorrelationMiddleware",
    "fikiri.middleware.OriginMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fikiri.login_brake.LoginBrake",
]

ROOT_URLCONF = "fikiri.urls"
ASGI_APPLICATION = "fikiri.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": env.list("MAIL_TEMPLATES", default=[]),
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "fikiri.flower.address",
            ],
        },
    },
]


ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a URL, with the options that each database needs under a job ledger."""
    scheme = url.partition(":")[0]
    if env.DB_SCHEMES.get(scheme) not in ENGINES:
        raise ImproperlyConfigured(f"DATABASE_URL begins with {scheme[:20]!r}: use postgres:// or sqlite:///.")
    config: dict[str, Any] = env.db_url_config(url)
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # A transaction that reads first and writes later would fail at once with "database is locked": take the
        # write lock at BEGIN. WAL lets readers go on meanwhile.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
        }
    else:
        config["HOST"] = unquote(config.get("HOST", ""))  # a unix socket's folder: postgres://user@%2Ftmp/name
        options.setdefault("connect_timeout", 5)
        options.setdefault("keepalives_idle", 10)
        options.setdefault("keepalives_interval", 5)
        options.setdefault("keepalives_count", 3)
        # The ledger's hot statements are prepared, and one plan fits every job: planning anew is half of their cost.
        # No statement here runs long enough to be worth compiling, which takes longer than any of them.
        options.setdefault("options", "-c plan_cache_mode=force_generic_plan -c jit=off")
    config["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": database(env.str("DATABASE_URL", default="") or f"sqlite:///{VAR / 'fikiri.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="") or f"redis+socket://{quote(str(places.redis_socket()))}?virtual_host=0"
JOBS = {
    "RETRY_DELAYS": env.list("JOBS_RETRY_DELAYS", cast=float, default=[30, 120, 600]),
    "RETRY_JITTER": env.float("JOBS_RETRY_JITTER", default=0.2),
    "GRACE": env.float("JOBS_GRACE", default=60),
    "STOP_GRACE": env.float("JOBS_STOP_GRACE", default=25),
    "ALERT_WEBHOOK": env.str("ALERT_WEBHOOK", default=""),
    "ALERT_SECRET": env.str("ALERT_SECRET", default=""),
    "ALERT_QUEUE_AGE": env.float("ALERT_QUEUE_AGE", default=300),
    "ALERT_TOTAL": env.float("ALERT_TOTAL", default=60),
    "ALERT_FAILURES": env.float("ALERT_FAILURES", default=0.05),
    "TICK_TOKEN": env.str("TICK_TOKEN", default=""),
    "TICK_SECONDS": env.float("TICK_SECONDS", default=50),
    "TRACES": bool(env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")),
    "STAFF_ROLE": env.str("JOBS_STAFF_ROLE", default="viewer").replace("none", ""),
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Serve straight from the apps where nobody ran collectstatic, as on a laptop.
WHITENOISE_USE_FINDERS = LAPTOP or not Path(STATIC_ROOT).exists()

BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^workerz$"]
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes; a job's arguments are at most 64 KiB

PASSWORD_RESET_TIMEOUT = 3600  # seconds that the link in the mail opens
LOGIN_FAILURES = env.int("LOGIN_FAILURES", default=10)  # wrong passwords in a quarter of an hour; 0 is no limit

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "jobs.api.authentication.Token",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "jobs.api.scopes.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["jobs.api.throttling.PerUser", "jobs.api.throttling.PerToken"],
    "DEFAULT_THROTTLE_RATES": {  # requests a minute
        "user": env.int("API_RATE_USER", default=1200),
        "token": env.int("API_RATE_TOKEN", default=600),
    },
    "DEFAULT_SCHEMA_CLASS": "jobs.api.schema.Described",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jobs.api.parsing.BoundedJSONParser"],
    "EXCEPTION_HANDLER": "jobs.api.responses.on_exception",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fikiri",
    "DESCRIPTION": "Background jobs for mail, AI and CRM: see and steer every one of them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/",
    "PREPROCESSING_HOOKS": ["jobs.api.schema.only_api"],
    "POSTPROCESSING_HOOKS": ["jobs.api.schema.complete"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Token"}  # `manage.py token` says how long each one lives

# Mail. On a laptop EMAIL_SINK points at the sink that `bin/run` starts; what it takes never leaves the machine.
EMAIL_SINK = env.bool("EMAIL_SINK", default=LAPTOP and not env.str("SMTP_HOST", default=""))
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("SMTP_HOST", default="127.0.0.1")
EMAIL_PORT = env.int("SMTP_PORT", default=8025 if EMAIL_SINK else 25)
EMAIL_HOST_USER = env.str("SMTP_USER", default="")
EMAIL_HOST_PASSWORD = env.str("SMTP_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("SMTP_TLS", default=False)
EMAIL_USE_SSL = env.bool("SMTP_SSL", default=False)
EMAIL_TIMEOUT = env.float("SMTP_TIMEOUT", default=30)  # Django's own default waits for ever
SMTP_ANSWER_TIMEOUT = env.float(
    "SMTP_ANSWER_TIMEOUT", default=120
)  # for the answer to a whole mail; the RFC is patient
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="Fikiri <no-reply@fikiri.example>")
MAIL_SINK_DIR = VAR / "mail"
MAIL_KILL_SWITCH = env.bool("MAIL_KILL_SWITCH", default=False)  # nothing goes out, whatever the rules say
MAIL_USER_RATE = env.int("MAIL_USER_RATE", default=60)  # recipients a minute; 0 is no limit
MAIL_USER_DAILY = env.int("MAIL_USER_DAILY", default=500)
MAIL_DOMAIN_RATE = env.int("MAIL_DOMAIN_RATE", default=300)
PUBLIC_URL = env.str(
    "PUBLIC_URL", default=f"http://127.0.0.1:{env.str('WEB_PORT', default='') or 8000}" if LAPTOP else ""
).rstrip("/")
FRONTEND_URL = env.str("FRONTEND_URL", default="").rstrip("/") or PUBLIC_URL
JOBS["ALERT_MAIL"] = [] if MAIL_KILL_SWITCH else env.list("ALERT_MAIL", default=[])

# Mailboxes at providers.
FIELD_KEYS = env.list("FIELD_KEYS", default=[]) or [places.field_key()]
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", default="")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", default="")
GOOGLE_AUTH_URI = env.str("GOOGLE_AUTH_URI", default="https://accounts.google.com/o/oauth2/v2/auth")
GOOGLE_TOKEN_URI = env.str("GOOGLE_TOKEN_URI", default="https://oauth2.googleapis.com/token")
GOOGLE_REVOKE_URI = env.str("GOOGLE_REVOKE_URI", default="https://oauth2.googleapis.com/revoke")
GOOGLE_REDIRECT_URI = env.str("GOOGLE_REDIRECT_URI", default="")
GMAIL_API_ROOT = env.str("GMAIL_API_ROOT", default="https://gmail.googleapis.com").rstrip("/")
GMAIL_ACCESS = env.str("GMAIL_ACCESS", default="modify")  # or read-and-send
GMAIL_COSTS = env.dict("GMAIL_COSTS", cast={"value": int}, default={})  # units that differ from the table
GMAIL_USER_UNITS = env.int("GMAIL_USER_UNITS", default=4_800)  # a minute, where each account begins
GMAIL_USER_UNITS_LIMIT = env.int("GMAIL_USER_UNITS_LIMIT", default=15_000)  # and the most it feels its way up to
MAIL_POLL_SECONDS = env.float("MAIL_POLL_SECONDS", default=600)
GMAIL_TOPIC = env.str("GMAIL_TOPIC", default="")  # projects/PROJECT/topics/TOPIC; empty: no notices, polling alone
GMAIL_PUSH_AUDIENCE = env.str("GMAIL_PUSH_AUDIENCE", default="")
GMAIL_PUSH_ACCOUNT = env.str("GMAIL_PUSH_ACCOUNT", default="")
GOOGLE_CERTS_URL = env.str("GOOGLE_CERTS_URL", default="https://www.googleapis.com/oauth2/v1/certs")
GMAIL_PROJECT_UNITS = env.int("GMAIL_PROJECT_UNITS", default=960_000)  # a minute, of all accounts together

MAIL_PRIVATE_HOSTS = env.bool("MAIL_PRIVATE_HOSTS", default=LAPTOP)  # mailboxes on servers that only we can reach

# The model. `offline` needs no key and nothing outside this machine.
AI_PROVIDER = env.str("AI_PROVIDER", default="offline")
AI_TIMEOUT = env.float("AI_TIMEOUT", default=30)  # seconds a call
AUTO_REPLIES_A_DAY = env.int("AUTO_REPLIES_A_DAY", default=2)  # to one contact, without a person
AUTO_ACTIONS_IN_5_MINUTES = env.int("AUTO_ACTIONS_IN_5_MINUTES", default=50)  # of one user
AUTO_ACTIONS_AN_HOUR = env.int("AUTO_ACTIONS_AN_HOUR", default=200)
AI_DAILY_CALLS = env.int("AI_DAILY_CALLS", default=1000)
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="") or None
OPENAI_MODEL = env.str("OPENAI_MODEL", default="gpt-5-mini")
OPENAI_API = env.str("OPENAI_API", default="responses")
PHONE_REGION = env.str("PHONE_REGION", default="US")

FLOWER_URL = env.str("FLOWER_URL", default="")

LOG_FORMAT = env.str("LOG_FORMAT", default="console")  # or json
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "fikiri.logs.configure"
LOGGING = {"format": LOG_FORMAT, "level": LOG_LEVEL}
