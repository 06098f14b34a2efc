"""Mail that goes out: drafts to release, and what became of the others."""

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join

from email_automation import services
from email_automation.admin.approvals import approvals_page
from email_automation.admin.reading import enqueue_each, person
from email_automation.models import OPEN, MailStatus, OutgoingMail
from email_automation.parsing.html import html_to_text
from email_automation.reading import timeline
from email_automation.sending.recipients import BadMailError, addresses, check_content
from jobs.admin.lists import BoundedAdmin, RelatedFilter
from jobs.errors import WrongState
from jobs.models import Job

if TYPE_CHECKING:
    FormBase = forms.ModelForm[OutgoingMail]
else:
    FormBase = forms.ModelForm


WRITTEN = ("to", "subject", "body")


class DraftForm(FormBase):
    to = forms.CharField(help_text="Addresses, separated by commas.", widget=forms.TextInput(attrs={"size": 80}))

    class Meta:
        model = OutgoingMail
        fields = ("user", *WRITTEN)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["to"] = ", ".join(self.instance.to)

    def clean_to(self) -> list[str]:
        try:
            return addresses([one.strip() for one in self.cleaned_data["to"].split(",")])
        except BadMailError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            check_content(data.get("subject", "-"), data.get("body", ""))
        except BadMailError as error:
            self.add_error(error.field, str(error))
        return data


@admin.register(OutgoingMail)
class OutgoingMailAdmin(BoundedAdmin):
    form = DraftForm
    list_display = ("subject", "recipients", "state", "kind", "author", "user", "written_or_sent")
    list_select_related = ("user",)
    list_filter = (
        "status",
        "kind",
        "author",
        "mailer",
        "released_by_rule",
        "created_at",
        ("user", RelatedFilter),
    )
    search_fields = ("subject", "=message_id", "to")
    ordering = ("-id",)
    autocomplete_fields = ("user",)
    actions = ("approve", "reject", "undo")
    readonly_fields = (
        *(
            "status",
            "reason",
            "held_until",
            "kind",
            "author",
            "from_address",
            "html_as_text",
            "attached",
            "template",
            "answers",
        ),
        *("mailer", "mailbox", "message_id", "delivered", "undelivered", "released_by", "released_by_rule"),
        *("created_at", "sent_at", "story"),
    )

    change_list_template = "admin/email_automation/outgoing.html"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(approvals_page)
        return [path("approvals/", page, name="email_automation_outgoingmail_approvals"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        mails: QuerySet[OutgoingMail] = super().get_queryset(request)
        listed = (
            request.resolver_match and request.resolver_match.url_name == "email_automation_outgoingmail_changelist"
        )
        return mails.defer("body", "html", "sealed") if listed else mails

    def get_fields(self, request: HttpRequest, obj: OutgoingMail | None = None) -> tuple[str, ...]:
        return ("user", *WRITTEN, *self.readonly_fields) if obj else ("user", *WRITTEN)

    def get_readonly_fields(self, request: HttpRequest, obj: OutgoingMail | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.readonly_fields
        return ("user", *self.readonly_fields) if obj.status in OPEN else ("user", *WRITTEN, *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        """What was sent stays on record; a draft is discarded."""
        return False

    def save_model(self, request: HttpRequest, obj: OutgoingMail, form: Any, change: bool) -> None:
        """A draft that was released meanwhile is not changed under the hands of its job."""
        if not change:
            obj.status = MailStatus.DRAFT
            super().save_model(request, obj, form, change)
            return
        drafts = OutgoingMail.objects.filter(pk=obj.pk, status__in=OPEN)
        if not drafts.update(to=obj.to, subject=obj.subject, body=obj.body, html=""):
            self.message_user(request, "Not saved: it is no draft any more.", messages.ERROR)

    @admin.display(description="Its story")
    def story(self, mail: OutgoingMail) -> str:
        """From the message that it begins with; and the job that sends it."""
        message = timeline.start_of(mail)
        links = [(reverse("admin:jobs_job_change", args=[mail.job_id]), "its job")] if mail.job_id else []
        if message:
            links.insert(0, (reverse("admin:email_automation_message_change", args=[message.pk]), "the whole story"))
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "-"

    @admin.display(description="Status", ordering="status")
    def state(self, mail: OutgoingMail) -> str:
        return f"{mail.get_status_display()}: {mail.reason}" if mail.reason else mail.get_status_display()

    @admin.display(description="Sent, or written")
    def written_or_sent(self, mail: OutgoingMail) -> datetime:
        return mail.sent_at or mail.created_at

    @admin.display(description="To")
    def recipients(self, mail: OutgoingMail) -> str:
        return ", ".join(mail.to)

    @admin.display(description="HTML, as text")
    def html_as_text(self, mail: OutgoingMail) -> str:
        """Never as HTML: a model or a stranger may have written it."""
        return html_to_text(mail.html)[0] if mail.html else "-"

    @admin.display(description="Attached")
    def attached(self, mail: OutgoingMail) -> str:
        files = mail.attachments.values_list("name", "content_type", "size")
        return "\n".join(f"{name} ({kind}, {size:,} bytes)" for name, kind, size in files) or "-"

    @admin.action(description="Approve: send these", permissions=["change"])
    def approve(self, request: HttpRequest, drafts: QuerySet[OutgoingMail]) -> None:
        def send(draft: OutgoingMail) -> Job:
            return services.approve(draft, person(request))

        enqueue_each(request, self, drafts, send, "Approve")

    @admin.action(description="Reject: put these aside", permissions=["change"])
    def reject(self, request: HttpRequest, drafts: QuerySet[OutgoingMail]) -> None:
        done = 0
        for draft in drafts:
            with contextlib.suppress(WrongState):  # somebody was quicker
                services.reject(draft, person(request))
                done += 1
        self.message_user(request, f"{done} rejected.")

    @admin.action(description="Undo: take back what is held", permissions=["change"])
    def undo(self, request: HttpRequest, held: QuerySet[OutgoingMail]) -> None:
        done = 0
        for mail in held:
            with contextlib.suppress(WrongState):  # it is on its way
                services.undo(mail, person(request))
                done += 1
        self.message_user(request, f"{done} taken back.")
