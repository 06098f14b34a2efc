"""Settings of the drill's processes: the platform's, and mail through a server of the drill's own."""

import os

from email_automation.drill.gmail_quota import CALLS_A_SECOND, UNITS
from jobs.drill.settings import *  # noqa: F403
from jobs.drill.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "crm", "email_automation", "email_automation.drill"]
ROOT_URLCONF = "email_automation.sending.public_urls"

EMAIL_SINK = False
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["DRILL_SMTP_PORT"])
EMAIL_HOST_USER = EMAIL_HOST_PASSWORD = ""
EMAIL_USE_TLS = EMAIL_USE_SSL = False
EMAIL_TIMEOUT = 3
SMTP_ANSWER_TIMEOUT = 5
DEFAULT_FROM_EMAIL = "Drill <drill@fikiri.io>"
MAIL_KILL_SWITCH = False
MAIL_USER_RATE = MAIL_USER_DAILY = MAIL_DOMAIN_RATE = 0
PUBLIC_URL = FRONTEND_URL = ""
PHONE_REGION = "US"

FIELD_KEYS = [os.environ["DRILL_FIELD_KEY"]]
GMAIL_API_ROOT = os.environ["DRILL_GMAIL"]
_CALLS = ("drafts.create", "drafts.list", "drafts.get", "drafts.delete", "drafts.send", "messages.list", "messages.get")
GMAIL_COSTS = dict.fromkeys(_CALLS, UNITS)
GMAIL_USER_UNITS = int(60 * min(CALLS_A_SECOND) * UNITS)
GMAIL_USER_UNITS_LIMIT = 4 * GMAIL_USER_UNITS
GMAIL_PROJECT_UNITS = 100 * GMAIL_USER_UNITS
GMAIL_TOPIC = ""
GOOGLE_TOKEN_URI = f"{GMAIL_API_ROOT}/token"
GOOGLE_CLIENT_ID = GOOGLE_CLIENT_SECRET = "drill"  # noqa: S105 - of nobody
