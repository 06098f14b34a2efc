"""A person's word on a mail of theirs: approve it, as it is or with other words, reject it, take it back."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from email_automation import services
from email_automation.mine import own
from email_automation.models import OutgoingMail
from email_automation.sending.recipients import BadMailError
from jobs.errors import Refused


class Verdict(forms.Form):
    verb = forms.ChoiceField(choices=[(verb, verb) for verb in ("approve", "reject", "undo")])
    subject = forms.CharField(required=False, strip=False)
    body = forms.CharField(required=False, strip=False)


@own.for_owners
@require_POST
def decide(request: HttpRequest, mail_id: int) -> HttpResponse:
    mail = get_object_or_404(own.mails(request), pk=mail_id)
    form = Verdict(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was done: say approve, reject or undo.")
        return redirect("mine")
    try:
        told = _done(request, mail, form.cleaned_data)
    except (Refused, BadMailError) as problem:
        messages.error(request, f"“{mail.subject}”: {problem}")
    else:
        messages.success(request, told)
    return redirect("mine")


def _done(request: HttpRequest, mail: OutgoingMail, said: dict[str, str]) -> str:
    by = own.owner(request)
    match said["verb"]:
        case "approve":
            services.approve_as(mail, by, subject=said["subject"], body=said["body"].replace("\r\n", "\n"))
            return f"“{mail.subject}” is on its way."
        case "reject":
            services.reject(mail, by)
            return f"“{mail.subject}” is not sent."
        case _:
            services.undo(mail, by)
            return f"“{mail.subject}” waits for you again."
