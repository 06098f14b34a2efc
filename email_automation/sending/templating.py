"""Mail from templates: a subject, a text and an HTML each, in `templates/email_automation/mail/`.

A project puts its own of the same name into a folder named in MAIL_TEMPLATES.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template import Context
from django.template.base import Template
from django.template.loader import get_template

from email_automation.models import MailKind
from email_automation.parsing.charsets import one_line
from email_automation.parsing.message import MAX_SUBJECT
from email_automation.sending.letters import Letter
from email_automation.sending.sealing import PLACE

PARTS = (".subject.txt", ".txt", ".html")
PRODUCT = "Fikiri"


def letter_of(
    template: str,
    to: str | Sequence[str],
    values: Mapping[str, object],
    *,
    kind: MailKind = MailKind.TRANSACTIONAL,
    user_id: int | None = None,
    secret: str = "",
) -> Letter:
    """A letter from a template. What the values hold is text: in HTML it is escaped, in a subject it is one line.

    secret: Stands in the mail where `link_with_secret` put its place, and nowhere else.
    """
    subject, text, html = (_source(template + part) for part in PARTS)
    said = {"product": PRODUCT, "home": settings.PUBLIC_URL, **values}
    return Letter(
        to=to,
        subject=one_line(_rendered(subject, said, escape=False))[:MAX_SUBJECT],
        body=_rendered(text, said, escape=False).strip() + "\n",
        html=_rendered(html, said, escape=True),
        kind=kind,
        user_id=user_id,
        template=template,
        template_version=_version(subject, text, html),
        sealed=quote(secret, safe=""),
    )


def link(path: str) -> str:
    """An address of the product's own pages."""
    return f"{settings.FRONTEND_URL}{path}"


def link_with_secret(path: str) -> str:
    """The same, with a token that is put in when the mail leaves."""
    return f"{link(path)}?token={PLACE}"


def _source(name: str) -> Template:
    loaded: Any = get_template(f"email_automation/mail/{name}", using="django")
    template: Template = loaded.template
    return template


def _rendered(template: Template, values: Mapping[str, object], *, escape: bool) -> str:
    return str(template.render(Context(dict(values), autoescape=escape)))


def _version(*templates: Template) -> str:
    """Which wording it was: another template is another version."""
    return hashlib.sha256("\0".join(template.source for template in templates).encode()).hexdigest()[:12]
