"""Connecting and disconnecting accounts from the page of mailboxes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path

from email_automation import oauth, services
from email_automation.admin.reading import MAX_SELECTED, ModelAdminBase, ReadOnlyInline, person
from email_automation.callback import redirect_uri
from email_automation.models import Account, AccountState, Mailbox
from email_automation.scopes import functions


class AccountInline(ReadOnlyInline):
    """How it is reached. Of the login itself nothing is shown."""

    model = Account
    fields = readonly_fields = ("provider", "address", "state", "reason", "changed_at", "connected_at", "allowed")
    verbose_name_plural = "account"

    @admin.display(description="Allowed")
    def allowed(self, account: Account) -> str:
        return ", ".join(sorted(functions(account.scopes))) or "-"


class Connecting(ModelAdminBase):
    """What the admin of mailboxes gets for accounts."""

    def get_urls(self) -> list[URLPattern]:
        connect = self.admin_site.admin_view(self.connect_gmail)
        mine = path("connect-gmail/", connect, name="email_automation_mailbox_connect_gmail")
        return [mine, *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: Mailbox | None) -> Any:
        """A mailbox that is being added has no account yet."""
        return [inline for inline in super().get_inlines(request, obj) if obj or inline is not AccountInline]

    def connect_gmail(self, request: HttpRequest) -> HttpResponse:
        """Send the browser to Google: for a mailbox that is known (`?mailbox=`), or a new one of this person's own."""
        known = _mailbox(request)
        allowed = self.has_change_permission(request, known) if known else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        by = person(request)
        user, address = (known.user, known.location) if known else (by, "")
        try:
            url = services.begin_gmail(by, redirect_uri(request), user=user, address=address)
        except oauth.NotConnected as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return redirect("admin:email_automation_mailbox_changelist")
        return HttpResponseRedirect(url)

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
