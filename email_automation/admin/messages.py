"""Messages, their attachments and what models say they are."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string

from email_automation import services
from email_automation.admin.reading import ReadOnlyAdmin, ReadOnlyInline, enqueue_each, has_perm, person
from email_automation.mailbox_actions import MAX_LABEL, Do
from email_automation.models import Attachment, Classification, Message, MessageHtml
from email_automation.reading import timeline
from email_automation.reading.safe_html import safe_html_frame
from jobs.admin.lists import RelatedFilter
from jobs.models import Job


class AttachmentInline(ReadOnlyInline):
    model = Attachment
    fields = readonly_fields = ("name", "content_type", "size", "inline")


class ClassificationInline(ReadOnlyInline):
    model = Classification
    fields = readonly_fields = (
        *("is_current", "intent", "sure", "tone", "suggested_action", "marks", "person", "read_by", "created_at"),
    )

    @admin.display(description="Sure")
    def sure(self, read: Classification) -> str:
        return f"{read.confidence:.0%}"

    @admin.display(description="Tone")
    def tone(self, read: Classification) -> str:
        return f"{read.urgency}, {read.sentiment}"

    @admin.display(description="Marks", empty_value="-")
    def marks(self, read: Classification) -> str | None:
        marks = {"spam": read.is_spam, "automatic": read.is_automatic, "unsure": read.needs_review}
        return ", ".join(mark for mark, is_set in marks.items() if is_set) or None

    @admin.display(description="Contact", empty_value="-")
    def person(self, read: Classification) -> str | None:
        return ", ".join(str(value) for value in read.contact.values() if value) or None

    @admin.display(description="Read by")
    def read_by(self, read: Classification) -> str:
        return " ".join(filter(None, (read.provider, read.model, read.version)))


class ReadableFilter(admin.SimpleListFilter):
    title = "readable"
    parameter_name = "readable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        if self.value() == "no":
            return queryset.exclude(unreadable_reason="")
        return queryset.filter(unreadable_reason="") if self.value() == "yes" else queryset


class KindFilter(admin.SimpleListFilter):
    title = "written by"
    parameter_name = "written_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "A person"), ("machine", "A machine"), ("self", "The user")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        match self.value():
            case "person":
                return queryset.filter(automatic="", is_own=False)
            case "machine":
                return queryset.exclude(automatic="")
            case "self":
                return queryset.filter(is_own=True)
        return queryset


class IntentFilter(admin.SimpleListFilter):
    title = "intent"
    parameter_name = "intent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Classification._meta.get_field("intent").flatchoices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(intent=self.value()) if self.value() else queryset


class LabelForm(ActionForm):
    """What the actions with labels take."""

    label = forms.CharField(
        required=False, max_length=MAX_LABEL, widget=forms.TextInput(attrs={"placeholder": "for a label action"})
    )


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("subject_or_reason", "sender", "dated", "intent", "needs_review", "attachment_count", "mailbox")
    list_select_related = ("mailbox",)
    list_filter = (
        IntentFilter,
        "needs_review",
        KindFilter,
        ReadableFilter,
        ("mailbox", RelatedFilter),
    )
    search_fields = ("subject", "from_address", "from_name", "=message_id")
    search_help_text = "Subject, sender or Message-ID"
    actions = (
        "classify_again",
        "draft_a_reply",
        "summarise",
        "run_rules",
        "mark_read",
        "archive",
        "label",
        "take_label",
    )
    action_form = LabelForm
    inlines = (ClassificationInline, AttachmentInline)
    fields = (
        "subject",
        "sender",
        "recipients",
        "date",
        "text",
        "as_html",
        "unreadable_reason",
        "automatic",
        "is_own",
        "problems",
        "labels",
        "flags",
        "thread_key",
        "message_id",
        "headers",
        "mailbox",
        "size",
        "digest",
        "stored_at",
        "classified_at",
        "story",
    )
    readonly_fields = ("story", "as_html")

    class Media:
        css = {"all": ("email_automation/mail.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        messages: QuerySet[Message] = super().get_queryset(request)
        listed = request.resolver_match and request.resolver_match.url_name == "email_automation_message_changelist"
        return messages.defer("text", "headers", "references") if listed else messages

    @admin.display(description="Subject", ordering="subject")
    def subject_or_reason(self, message: Message) -> str:
        if message.unreadable_reason:
            return f"(unreadable: {message.unreadable_reason})"
        return message.subject or "(no subject)"

    @admin.display(description="From", ordering="from_address")
    def sender(self, message: Message) -> str:
        return message.sender

    # By an index of dates alone, the newest messages would be looked for from the oldest on.
    @admin.display(description="Date", ordering=Coalesce("date", "stored_at"))
    def dated(self, message: Message) -> datetime | None:
        return message.date

    @admin.display(description="To")
    def recipients(self, message: Message) -> str:
        return ", ".join(f"{name} <{address}>" if name else address for name, address in [*message.to, *message.cc])

    @admin.display(description="Its story")
    def story(self, message: Message) -> str:
        return render_to_string("admin/email_automation/timeline.html", {"steps": timeline.of(message)})

    @admin.display(description="As HTML", empty_value="-")
    def as_html(self, message: Message) -> str | None:
        """Without images and with links that lead nowhere."""
        html = MessageHtml.objects.filter(message=message).first()
        return (safe_html_frame(html.source) or None) if html else None

    def has_ask_permission(self, request: HttpRequest) -> bool:
        """Asking a model costs: it takes more than leave to look."""
        return has_perm(request, Message, "change")

    @admin.action(description="Classify again", permissions=["ask"])
    def classify_again(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        enqueue_each(request, self, _with_owner(messages), services.classify_again, "Classify again")

    @admin.action(description="Draft a reply", permissions=["ask"])
    def draft_a_reply(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        enqueue_each(request, self, _with_owner(messages), services.draft_reply, "Draft a reply")

    @admin.action(description="Summarise", permissions=["ask"])
    def summarise(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        enqueue_each(request, self, _with_owner(messages), services.summarise, "Summarise")

    @admin.action(description="Run the rules", permissions=["ask"])
    def run_rules(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        def run(message: Message) -> Job:
            return services.run_rules(message, by=person(request))

        enqueue_each(request, self, _with_owner(messages), run, "Run the rules")

    @admin.action(description="Mark read in the mailbox", permissions=["ask"])
    def mark_read(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        self._act(request, messages, Do.MARK_READ)

    @admin.action(description="Archive in the mailbox", permissions=["ask"])
    def archive(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        self._act(request, messages, Do.ARCHIVE)

    @admin.action(description="Label in the mailbox", permissions=["ask"])
    def label(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        self._act(request, messages, Do.ADD_LABEL, request.POST.get("label", ""))

    @admin.action(description="Take the label away in the mailbox", permissions=["ask"])
    def take_label(self, request: HttpRequest, messages: QuerySet[Message]) -> None:
        self._act(request, messages, Do.REMOVE_LABEL, request.POST.get("label", ""))

    def _act(self, request: HttpRequest, messages: QuerySet[Message], action: Do, value: str = "") -> None:
        def act(message: Message) -> Job:
            return services.act_in_mailbox(message, action, value.strip())

        enqueue_each(request, self, _with_owner(messages), act, action.replace("_", " ").capitalize())


def _with_owner(messages: QuerySet[Message]) -> QuerySet[Message]:
    return messages.select_related("mailbox__user")
