"""Connecting and disconnecting accounts from the page of mailboxes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from email_automation import services
from email_automation.admin.reading import MAX_SELECTED, ModelAdminBase, ReadOnlyInline, person
from email_automation.connecting import oauth
from email_automation.connecting.callback import redirect_uri
from email_automation.connecting.scopes import functions
from email_automation.models import Account, AccountState, Mailbox, MailboxKind
from email_automation.models.account import Security
from jobs.errors import Refused


class AccountInline(ReadOnlyInline):
    """How it is reached. Of the login itself nothing is shown."""

    model = Account
    fields = readonly_fields = (
        "provider",
        "address",
        "state",
        "reason",
        "changed_at",
        "connected_at",
        "allowed",
        "sends_through",
    )
    verbose_name_plural = "account"

    @admin.display(description="Allowed")
    def allowed(self, account: Account) -> str:
        return ", ".join(sorted(functions(account.scopes))) or "-"

    @admin.display(description="Its mail leaves through")
    def sends_through(self, account: Account) -> str:
        return account.own_smtp or "-"


class ImapForm(forms.Form):
    host = forms.CharField(max_length=255, help_text="Such as imap.example.com.")
    security = forms.ChoiceField(choices=Security.choices, initial=Security.TLS)
    port = forms.IntegerField(
        required=False, min_value=1, max_value=65535, help_text="Empty: 993, or 143 with STARTTLS."
    )
    username = forms.CharField(max_length=320, help_text="Often the address.")
    password = forms.CharField(
        max_length=1000, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Often one that the provider makes for a single program. It is never shown again.",
    )  # fmt: skip
    address = forms.CharField(
        required=False, max_length=320, help_text="What mail to it is sent to, where the user name is no address."
    )
    smtp_host = forms.CharField(
        required=False, max_length=255, label="SMTP server",
        help_text="Such as smtp.example.com: its mail leaves through it, with the same login. Empty: through ours.",
    )  # fmt: skip
    smtp_security = forms.ChoiceField(
        required=False, choices=Security.choices, initial=Security.TLS, label="SMTP security"
    )
    smtp_port = forms.IntegerField(
        required=False, min_value=1, max_value=65535, label="SMTP port", help_text="Empty: 465, or 587 with STARTTLS."
    )

    def clean_smtp_security(self) -> str:
        return self.cleaned_data["smtp_security"] or Security.TLS


def login_of(mailbox: Mailbox | None) -> dict[str, Any]:
    """What is known already, for the form: all but the password."""
    account = Account.objects.filter(mailbox=mailbox).first() if mailbox else None
    if account is None:
        return {}
    sends = ("smtp_host", "smtp_security", "smtp_port") if account.smtp_host else ()
    return {name: getattr(account, name) for name in ("host", "security", "port", "username", "address", *sends)}


class Connecting(ModelAdminBase):
    """What the admin of mailboxes gets for accounts."""

    def get_urls(self) -> list[URLPattern]:
        connect = self.admin_site.admin_view(self.connect_gmail)
        mine = path("connect-gmail/", connect, name="email_automation_mailbox_connect_gmail")
        imap = self.admin_site.admin_view(self.connect_imap)
        login = path("connect-imap/", imap, name="email_automation_mailbox_connect_imap")
        return [mine, login, *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: Mailbox | None) -> Any:
        """A mailbox that is being added has no account yet."""
        return [inline for inline in super().get_inlines(request, obj) if obj or inline is not AccountInline]

    def connect_gmail(self, request: HttpRequest) -> HttpResponse:
        """Send the browser to Google: for a mailbox that is known (`?mailbox=`), or a new one of this person's own.

        With `?imap` it will be read over IMAP.
        """
        known = _mailbox(request)
        allowed = self.has_change_permission(request, known) if known else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        by = person(request)
        user, address = (known.user, known.location) if known else (by, "")
        over_imap = known.kind == MailboxKind.IMAP if known else "imap" in request.GET
        try:
            url = services.begin_gmail(by, redirect_uri(request), user=user, address=address, over_imap=over_imap)
        except oauth.NotConnected as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return redirect("admin:email_automation_mailbox_changelist")
        return HttpResponseRedirect(url)

    def connect_imap(self, request: HttpRequest) -> HttpResponse:
        """A login for a mailbox of this person's own, or for one that is known (`?mailbox=`)."""
        known = _mailbox(request)
        if not (self.has_change_permission(request, known) if known else self.has_add_permission(request)):
            raise PermissionDenied
        form = ImapForm(request.POST or None, initial=login_of(known))
        if request.method == "POST" and form.is_valid():
            try:
                mailbox = services.connect_imap(known.user if known else person(request), **form.cleaned_data)
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            else:
                self.log_change(request, mailbox, "Connected over IMAP.")
                self.message_user(request, f"Connected: {mailbox}.", messages.SUCCESS)
                return redirect("admin:email_automation_mailbox_change", mailbox.pk)
        context = {**self.admin_site.each_context(request), "form": form, "title": "Connect over IMAP"}
        return render(request, "admin/email_automation/mailbox/connect_imap.html", context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, str] | None = None) -> HttpResponse:
        broken = Account.objects.filter(state=AccountState.NEEDS_REAUTH, mailbox__in=self.get_queryset(request))
        if request.method == "GET" and (addresses := list(broken.values_list("address", flat=True)[:5])):
            told = f"To be connected again: {', '.join(addresses)}. Until then their jobs wait."
            self.message_user(request, told, messages.WARNING)
        return super().changelist_view(request, extra_context)

    @admin.display(description="Account", ordering="account__state")
    def account_state(self, mailbox: Mailbox) -> str:
        account = getattr(mailbox, "account", None)
        return account.get_state_display() if account else "-"

    @admin.action(description="Disconnect, and erase the login", permissions=["change"])
    def disconnect(self, request: HttpRequest, mailboxes: QuerySet[Mailbox]) -> None:
        for mailbox in mailboxes[:MAX_SELECTED]:
            if services.disconnect(mailbox, by=person(request).get_username()):
                self.message_user(request, f"Disconnected: {mailbox}.", messages.SUCCESS)
            else:
                told = f"Disconnected here: {mailbox}. Google could not be told: remove it at {oauth.PERMISSIONS}."
                self.message_user(request, told, messages.WARNING)


def _mailbox(request: HttpRequest) -> Mailbox | None:
    given = request.GET.get("mailbox", "")
    if not given:
        return None
    mailbox = Mailbox.objects.select_related("user").filter(pk=int(given) if given.isdecimal() else 0).first()
    if mailbox is None:
        raise PermissionDenied
    return mailbox
