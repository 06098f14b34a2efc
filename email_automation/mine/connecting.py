"""A person connects mailboxes of their own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from email_automation import services
from email_automation.admin.connecting import ImapForm, login_of
from email_automation.connecting.callback import redirect_uri
from email_automation.connecting.oauth import NotConnected
from email_automation.mine import own
from email_automation.models import Mailbox, MailboxKind
from jobs.errors import Refused


@own.for_owners
@require_GET
def gmail(request: HttpRequest) -> HttpResponse:
    """To Google: for a new mailbox, over IMAP with `?imap`, or again for one that is known (`?mailbox=`)."""
    known = _known(request)
    over_imap = known.kind == MailboxKind.IMAP if known else "imap" in request.GET
    address = known.location if known else ""
    try:
        url = services.begin_gmail(own.owner(request), redirect_uri(request), address=address, over_imap=over_imap)
    except NotConnected as problem:
        messages.error(request, str(problem))
        return redirect("mine")
    return HttpResponseRedirect(url)


@sensitive_post_parameters("password")
@own.for_owners
@require_http_methods(["GET", "POST"])
def imap(request: HttpRequest) -> HttpResponse:
    """A login for a new mailbox, or again for one that is known (`?mailbox=`)."""
    form = ImapForm(request.POST or None, initial=login_of(_known(request)))
    if request.method == "POST" and form.is_valid():
        try:
            mailbox = services.connect_imap(own.owner(request), **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            services.sync_mailbox(mailbox, sync_type="connected")
            messages.success(request, f"Connected: {mailbox}.")
            return redirect("mine")
    return render(request, "email_automation/mine/imap.html", {"form": form})


def _known(request: HttpRequest) -> Mailbox | None:
    given = request.GET.get("mailbox", "")
    return get_object_or_404(own.mailboxes(request), pk=int(given) if given.isdecimal() else 0) if given else None
