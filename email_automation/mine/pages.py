"""The page itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from email_automation.automation.permission import stopped_because
from email_automation.mine import own
from email_automation.sending import approvals

MOST = 20  # jobs, the newest


@own.for_owners
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    context = {
        "mailboxes": own.mailboxes(request),
        "waiting": approvals.waiting(own.mails(request)),
        "most": approvals.MOST,
        "stopped": stopped_because(own.owner(request).pk),
        "jobs": own.jobs(request)[:MOST],
    }
    return render(request, "email_automation/mine/page.html", context)
