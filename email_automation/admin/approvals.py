"""The approval inbox: the mail that came beside the reply that waits; change, approve, reject it, or take it back."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from email_automation import services
from email_automation.admin.reading import has_perm, person
from email_automation.automation import permission as automation
from email_automation.models import OutgoingMail
from email_automation.sending import approvals
from email_automation.sending.recipients import BadMailError
from jobs.errors import Refused
from jobs.models import Effect, EffectStatus

NAME = "admin:email_automation_outgoingmail_approvals"


class VerdictForm(forms.Form):
    """What a person said of one mail. The words are there where they could be changed."""

    mail = forms.IntegerField(min_value=1)
    verb = forms.ChoiceField(choices=[(verb, verb) for verb in ("approve", "save", "reject", "undo")])
    subject = forms.CharField(required=False, strip=False)
    body = forms.CharField(required=False, strip=False)
    reason = forms.CharField(required=False, max_length=200)


def approvals_page(request: HttpRequest) -> HttpResponse:
    """List what waits (GET), do what was decided of one (POST)."""
    if not has_perm(request, OutgoingMail, "view"):
        raise PermissionDenied
    may_decide = has_perm(request, OutgoingMail, "change")
    written: dict[int, dict[str, str]] = {}
    if request.method == "POST":
        if not may_decide:
            raise PermissionDenied
        form = VerdictForm(request.POST)
        if form.is_valid() and _decided(request, form.cleaned_data):
            return HttpResponseRedirect(reverse(NAME))
        written = _kept(form)
    doubts = _doubts()
    context = {
        **admin.site.each_context(request),
        "title": "Approvals",
        "waiting": [
            (one, written.get(one.mail.pk), doubts.get(one.mail.job_id)) for one in approvals.waiting(_mails())
        ],
        "most": approvals.MOST,
        "may_decide": may_decide,
        "stopped": automation.stopped_because(None),
        "opts": OutgoingMail._meta,
    }
    return TemplateResponse(request, "admin/email_automation/approvals.html", context)


def _decided(request: HttpRequest, said: dict[str, str]) -> bool:
    """Do it and say so; False where it was refused, with the reason, so that nothing that was typed is lost."""
    mail = get_object_or_404(OutgoingMail, pk=said["mail"])
    by, body = person(request), said["body"].replace("\r\n", "\n")
    try:
        match said["verb"]:
            case "approve":
                services.approve_as(mail, by, subject=said["subject"], body=body)
                told = f"Approved: “{mail.subject}” is on its way."
            case "save":
                services.revise(mail, by, subject=said["subject"], body=body)
                told = "Saved."
            case "reject":
                services.reject(mail, by, said["reason"])
                told = f"Rejected: “{mail.subject}” is not sent."
            case _:
                services.undo(mail, by)
                told = f"Taken back: “{mail.subject}” waits for you again."
    except (Refused, BadMailError) as error:
        messages.error(request, str(error))
        return False
    messages.success(request, told)
    return True


def _kept(form: VerdictForm) -> dict[int, dict[str, str]]:
    """What was typed, for the page to show again."""
    said = form.cleaned_data
    return {said["mail"]: said} if "mail" in said else {}


def _mails() -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.all()


def _doubts() -> dict[object, int]:
    """The open effect of each job that is in doubt over a mail."""
    unclear = Effect.objects.filter(status=EffectStatus.ATTEMPTING, kind="mail", job__status="in_doubt")
    return dict(unclear.values_list("job_id", "pk"))
