"""Alerts: what fires and was told, to whom; looking after one, silencing one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from jobs import access
from jobs.access import Verb
from jobs.admin.page import of_jobs, shown
from jobs.alerts import handling, rules, tasks
from jobs.errors import Refused
from jobs.models import Alert
from jobs.models.grant import User

HOUR = 3_600
ACTS = {
    "take": "I look after it: the others see that",
    str(HOUR): "Silent for an hour",
    str(8 * HOUR): "Silent for eight hours",
    str(7 * 24 * HOUR): "Silent for a week",
    "speak": "Not silent any more",
}


class HandleForm(forms.Form):
    act = forms.ChoiceField()
    reason = forms.CharField(label="Why?", max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"}))

    def __init__(self, data: Any, *, fires: bool, silent: bool) -> None:
        super().__init__(data)
        fits = {"take": fires, "speak": silent}
        choices = [(name, label) for name, label in ACTS.items() if fits.get(name, True)]
        self.fields["act"] = forms.ChoiceField(label="What is to be done?", choices=choices, widget=forms.RadioSelect)


@of_jobs
def alerts_page(request: HttpRequest) -> HttpResponse:
    queues = seen_by(request.user)
    alerts = handling.now(queues)
    return shown(
        request,
        "alerts",
        "Alerts",
        alerts=alerts,
        silences=handling.silences(queues),
        told=handling.told(queues),
        ways=tasks.ways(),
        steered=[alert.key for alert in alerts if access.may(request.user, Verb.RESOLVE, handling.queue_of(alert.key))],
    )


def seen_by(user: User) -> handling.Queues:
    """Of which queues a person sees alerts."""
    return None if access.may(user, Verb.SEE) else access.queues(user, Verb.SEE)


@of_jobs
def handle_page(request: HttpRequest, key: str) -> HttpResponse:
    """Ask what is to be done about an alert, and why (GET); do it (POST)."""
    queue = handling.queue_of(key)
    if not rules.exists(key) or not access.may(request.user, Verb.SEE, queue):
        raise Http404
    access.check(request.user, Verb.RESOLVE, queue)
    back = reverse("jobs-alerts")
    fires = Alert.objects.filter(pk=key).first()
    silent = handling.silences().get(key)
    form = HandleForm(request.POST or None, fires=fires is not None, silent=silent is not None)
    if request.method == "POST" and form.is_valid():
        try:
            _do(key, form.cleaned_data["act"], request.user.get_username(), form.cleaned_data["reason"])
            messages.success(request, f"Alert {key}: done.")
        except Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(back)
    return shown(request, "alert", f"Alert {key}", alert=fires, silence=silent, form=form, back=back)


def _do(key: str, act: str, by: str, reason: str) -> None:
    if act == "take":
        handling.take(key, by=by, reason=reason, origin="admin")
    elif act == "speak":
        handling.speak(key, by=by, reason=reason, origin="admin")
    else:
        handling.silence(key, seconds=float(act), by=by, reason=reason, origin="admin")
