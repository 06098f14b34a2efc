"""Contacts, leads and their history in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from typing_extensions import override

from crm import services
from crm.forms import SHOWN_ACTIVITIES, LatestFirst, PersonForm
from crm.models import Activity, Contact, Lead
from crm.words import Stage
from jobs.admin.lists import BoundedAdmin, RelatedFilter, WindowedList

if TYPE_CHECKING:
    ActivityInlineBase = admin.TabularInline[Activity, Contact | Lead]
else:
    ActivityInlineBase = admin.TabularInline


class ActivityInline(ActivityInlineBase):
    model = Activity
    formset = LatestFirst
    fields = readonly_fields = ("occurred_at", "kind", "text", "what_changed", "by", "job_id")
    extra = 0
    verbose_name_plural = f"Latest {SHOWN_ACTIVITIES} activities"

    @override
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Changes")
    def what_changed(self, activity: Activity) -> SafeString:
        return _changes(activity)


@admin.register(Contact)
class ContactAdmin(BoundedAdmin):
    form = PersonForm
    list_display = ("email", "name", "company", "phone", "user", "messages", "last_contact_at")
    list_select_related = ("user",)
    list_filter = ("last_contact_at", ("user", RelatedFilter))
    search_fields = ("email", "name", "company", "phone")
    ordering = ("-id",)
    autocomplete_fields = ("user",)
    readonly_fields = ("messages", "last_contact_at", "created_at", "updated_at")
    inlines = (ActivityInline,)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Contact | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "user", "email") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        if change:
            services.save_edit(obj, form.changed_data, by_id=request.user.pk)
        else:
            super().save_model(request, obj, form, change)


class HottestLeads(WindowedList):
    keys = ("score", "pk")
    first = "hottest"


@admin.register(Lead)
class LeadAdmin(BoundedAdmin):
    form = PersonForm
    list_display = ("email", "name", "company", "stage_badge", "band_badge", "user", "source", "last_contact_at")
    list_select_related = ("user",)
    list_filter = ("stage", "band", "intent", "last_contact_at", ("user", RelatedFilter))
    search_fields = ("email", "name", "company", "phone")
    ordering = ("-score", "-id")
    autocomplete_fields = ("user",)
    exclude = ("contact",)
    readonly_fields = (
        "band_badge",
        "why",
        "intent",
        "urgency",
        "sentiment",
        "last_contact_at",
        "created_at",
        "updated_at",
    )
    inlines = (ActivityInline,)
    actions = ("score_again",)

    class Media:
        css = {"all": ("crm/admin.css",)}

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Lead | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "user", "email") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Lead, form: Any, change: bool) -> None:
        if change:
            services.save_edit(obj, form.changed_data, by_id=request.user.pk)
        else:
            services.add_lead(obj, by_id=request.user.pk)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[WindowedList]:
        return HottestLeads

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        if "score_again" in actions:  # the person may change leads
            actions |= {
                f"move_to_{stage}": (_mover(stage), f"move_to_{stage}", f"Move to {stage.label}") for stage in Stage
            }
        return actions

    @admin.action(description="Score again", permissions=["change"])
    def score_again(self, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        changed = services.score_again(list(leads.values_list("pk", flat=True)))
        self.message_user(request, f"{changed} scores changed.", messages.SUCCESS)

    @admin.display(description="Stage", ordering="stage")
    def stage_badge(self, lead: Lead) -> SafeString:
        return format_html('<span class="crm-badge crm-stage-{}">{}</span>', lead.stage, lead.get_stage_display())

    @admin.display(description="Score", ordering="score")
    def band_badge(self, lead: Lead) -> SafeString:
        return format_html(
            '<span class="crm-badge crm-band-{}">{} {}</span>', lead.band, lead.get_band_display(), lead.score
        )

    @admin.display(description="Why this score")
    def why(self, lead: Lead) -> SafeString | str:
        rows = ((f"{reason['points']:+d}", reason["reason"]) for reason in lead.reasons)
        return format_html_join("", "<div>{} {}</div>", rows) or "-"


@admin.register(Activity)
class ActivityAdmin(BoundedAdmin):
    list_display = ("occurred_at", "who", "kind", "text", "by")
    list_select_related = ()
    list_filter = ("kind", "occurred_at")
    search_fields = ("text", "message_key", "address")
    search_help_text = "Words of it, or an address"
    ordering = ("-id",)
    fields = ("user", "contact", "lead", "kind", "text", "what_changed", "message_key", "job_id", "by", "occurred_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        """Not joined: far down the list the database would read all contacts to join them."""
        address = Subquery(Contact.objects.filter(pk=OuterRef("contact_id")).values("email"))
        activities: QuerySet[Activity] = super().get_queryset(request)
        return activities.alias(address=address).prefetch_related("contact", "by")

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Never on its own pages; together with its contact or user as with any other model."""
        match = request.resolver_match
        on_own_page = match is not None and str(match.url_name).startswith("crm_activity")
        return not on_own_page and super().has_delete_permission(request, obj)

    @admin.display(description="Contact")
    def who(self, activity: Activity) -> str:
        return str(activity.contact)

    @admin.display(description="Changes")
    def what_changed(self, activity: Activity) -> SafeString:
        return _changes(activity)


def _mover(stage: Stage) -> Any:
    def move(model_admin: LeadAdmin, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        moved = services.move_to_stage(list(leads.values_list("pk", flat=True)), stage, by_id=request.user.pk)
        model_admin.message_user(request, f"{moved} leads moved to {stage.label}.", messages.SUCCESS)

    return move


def _changes(activity: Activity) -> SafeString:
    rows = ((field, old, new) for field, (old, new) in activity.changes.items())
    return format_html_join("", "<div>{}: {} → {}</div>", rows)
