"""A person's mailboxes are synced, paused and let go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from email_automation import services
from email_automation.mine import own
from email_automation.models import Mailbox
from jobs.errors import Refused


@own.for_owners
@require_POST
def steer(request: HttpRequest, mailbox_id: int, verb: str) -> HttpResponse:
    if verb not in VERBS:
        raise Http404
    mailbox = get_object_or_404(own.mailboxes(request), pk=mailbox_id)
    try:
        told = VERBS[verb](mailbox, own.owner(request).get_username())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, told)
    return redirect("mine")


def _sync(mailbox: Mailbox, by: str) -> str:
    services.sync_mailbox(mailbox, sync_type="owner")
    return f"{mailbox.name} will be synced."


def _pause(mailbox: Mailbox, by: str) -> str:
    services.pause_mailbox(mailbox, by=by)
    return f"{mailbox.name} is paused."


def _resume(mailbox: Mailbox, by: str) -> str:
    services.resume_mailbox(mailbox, by=by)
    return f"{mailbox.name} goes on."


VERBS: Mapping[str, Callable[[Mailbox, str], str]] = {"sync": _sync, "pause": _pause, "resume": _resume}
