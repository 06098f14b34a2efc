"""Pages of the admin that show what the laptop's mail sink has kept: text only, for superusers."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import path

from email_automation.parsing import ParsedMessage, Unreadable, parse

NAME = re.compile(r"[\w.-]{1,100}\.eml", re.ASCII)  # as `fikiri.laptop.smtp_sink` names them: no path can hide in it
SHOWN = 200  # mails of the list
HEAD = 65_536  # bytes read of each for the list
WHOLE = 2_000_000  # bytes read of one


@dataclass(frozen=True)
class KeptMail:
    """One file of the sink. `mail` is Unreadable where somebody sent what is no mail."""

    name: str
    kept_at: datetime
    size: int
    truncated: bool
    mail: ParsedMessage | Unreadable


def listing(request: HttpRequest) -> TemplateResponse:
    """The newest mails."""
    _require_superuser(request)
    newest = sorted(_files(), key=lambda path: path.name, reverse=True)[:SHOWN]
    mails = [_read(path, HEAD) for path in newest]
    context = {"title": "Mail sink", "mails": mails, "folder": settings.MAIL_SINK_DIR, "shown": SHOWN}
    return TemplateResponse(request, "fikiri/mail_sink.html", admin.site.each_context(request) | context)


def detail(request: HttpRequest, name: str) -> TemplateResponse:
    """One mail."""
    _require_superuser(request)
    file = settings.MAIL_SINK_DIR / name
    if not NAME.fullmatch(name) or not file.is_file():
        raise Http404("There is no such mail.")
    context = {"title": "Mail", "kept": _read(file, WHOLE)}
    return TemplateResponse(request, "fikiri/kept_mail.html", admin.site.each_context(request) | context)


def _require_superuser(request: HttpRequest) -> None:
    """The mail of every user lies there."""
    if not request.user.is_superuser:
        raise PermissionDenied


def _files() -> list[Path]:
    folder = settings.MAIL_SINK_DIR
    return [path for path in folder.iterdir() if NAME.fullmatch(path.name)] if folder.is_dir() else []


def _read(file: Path, limit: int) -> KeptMail:
    facts = file.stat()
    with file.open("rb") as content:
        raw = content.read(limit)
    truncated = facts.st_size > limit
    kept_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return KeptMail(file.name, kept_at, facts.st_size, truncated, parse(raw, truncated=truncated))


urlpatterns = [
    path("", admin.site.admin_view(listing), name="mail-sink"),
    path("<str:name>", admin.site.admin_view(detail), name="kept-mail"),
]
