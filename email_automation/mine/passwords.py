"""Who has forgotten a password chooses a new one, by a link in a mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.http import require_GET

from email_automation import services


class ForgottenForm(PasswordResetForm):
    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """As every mail of ours, so that the token is sealed in it."""
        services.send_password_link(context["user"], to_email, f"{context['uid']}.{context['token']}")


class Forgotten(PasswordResetView):
    template_name = "email_automation/mine/forgotten.html"
    form_class = ForgottenForm
    success_url = reverse_lazy("password-sent")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        if not settings.PUBLIC_URL:  # a link in a mail has to lead somewhere
            return render(request, self.template_name)
        return super().dispatch(request, *args, **options)


class NewPassword(PasswordResetConfirmView):
    """The token leaves the address of the page at once, for the session."""

    template_name = "email_automation/mine/new_password.html"
    success_url = reverse_lazy("login")

    @transaction.atomic
    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        services.note_new_password(form.user)
        return super().form_valid(form)


@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "email_automation/mine/password_sent.html")
