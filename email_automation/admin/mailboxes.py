"""Mailboxes and their syncs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from email_automation import services
from email_automation.admin.connecting import AccountInline, Connecting
from email_automation.admin.reading import ReadOnlyAdmin, ReadOnlyInline, enqueue_each
from email_automation.mailboxes import MailboxError, open_mailbox
from email_automation.models import Mailbox, MailboxKind, SyncRun
from email_automation.services.mailboxes import MAX_DAYS, MAX_MESSAGES
from jobs.errors import Refused
from jobs.models import Job

if TYPE_CHECKING:
    FormBase = forms.ModelForm[Mailbox]
else:
    FormBase = forms.ModelForm


class MailboxForm(FormBase):
    class Meta:
        model = Mailbox
        fields = ("user", "location", "name", "own_addresses")

    def clean_location(self) -> str:
        """The path, made absolute, of a mailbox that can be read; its kind is what lies there."""
        location = str(self.cleaned_data["location"]).strip()
        if not location:
            raise forms.ValidationError(
                "Give the path of an mbox file, a Maildir, a folder of messages or an .eml file."
            )
        try:
            self.instance.kind = MailboxKind(open_mailbox(location).kind)
        except MailboxError as error:
            raise forms.ValidationError(str(error)) from None
        return str(Path(location).resolve())

    def clean_own_addresses(self) -> list[str]:
        given = self.cleaned_data["own_addresses"] or []
        if not isinstance(given, list) or not all(isinstance(one, str) and "@" in one for one in given):
            raise forms.ValidationError('Give a list of addresses, such as ["me@company.com"].')
        return [one.strip().lower() for one in given]


class LimitsForm(ActionForm):
    """How far "Sync now" goes. Empty: as the mailbox says, on from where it was left."""

    days = forms.CharField(required=False, max_length=5, widget=forms.TextInput(attrs={"placeholder": "as usual"}))
    messages = forms.CharField(
        required=False, max_length=8, label="at most", widget=forms.TextInput(attrs={"placeholder": "as usual"})
    )


class SyncRunInline(ReadOnlyInline):
    model = SyncRun
    fields = readonly_fields = (
        "requested_at",
        "sync_type",
        "finished_at",
        "found",
        "synced",
        "duplicates",
        "unreadable",
        "job_id",
    )
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRun]:
        latest = SyncRun.objects.filter(mailbox=OuterRef("mailbox")).order_by("-id").values("pk")[:1]
        return SyncRun.objects.filter(pk=Subquery(latest))


@admin.register(Mailbox)
class MailboxAdmin(Connecting):
    form = MailboxForm
    list_display = ("name", "kind", "user", "location", "account_state", "last_synced_at")
    list_select_related = ("user", "account")
    list_filter = ("kind", ("user", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "location", "user__username")
    autocomplete_fields = ("user",)
    readonly_fields = ("kind", "created_at", "last_synced_at")
    inlines = (AccountInline, SyncRunInline)
    actions = ("sync_now", "disconnect")
    action_form = LimitsForm

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("email_automation/mail.css",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.readonly_fields
        at_provider = obj.kind in (MailboxKind.GMAIL, MailboxKind.IMAP)  # reached by its account, not at a path
        return (*self.readonly_fields, "user", *(["location"] if at_provider else []))

    @admin.action(description="Sync now", permissions=["change"])
    def sync_now(self, request: HttpRequest, mailboxes: QuerySet[Mailbox]) -> None:
        try:
            days, most = (_limit(request, name, top) for name, top in (("days", MAX_DAYS), ("messages", MAX_MESSAGES)))
        except Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return

        def sync(mailbox: Mailbox) -> Job:
            return services.sync_mailbox(mailbox, window_days=days, max_messages=most)

        enqueue_each(request, self, mailboxes.select_related("user"), sync, "Sync")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ("id", "mailbox", "sync_type", "requested_at", "finished_at", "found", "synced", "duplicates")
    list_select_related = ("mailbox",)
    list_filter = ("finished_at", "sync_type")
    search_fields = ("mailbox__name", "=job_id")
    exclude = ("cursor", "pages")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))


def _limit(request: HttpRequest, name: str, top: int) -> int | None:
    """A number that was typed; None where none was. Raises Refused."""
    given = request.POST.get(name, "").strip()
    if not given:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= top:
        raise Refused(f"{name} has to be a number from 1 to {top:,}, or empty.", field=name)
    return int(given)
