"""What models answered, and what it cost."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.http import HttpRequest

from email_automation.admin.reading import ReadOnlyAdmin
from email_automation.models import AIAnswer, AIUsage, Classification, Message
from jobs.admin.lists import RecentValuesFilter


class OfMessages(ReadOnlyAdmin):
    """Names the message of each row, whose text no list needs. Not joined: all messages would be read to join them."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        message = Message.objects.filter(pk=OuterRef("message_id")).order_by()
        about = Subquery(message.values_list(Concat("subject", Value(" "), "from_address")))
        subjects = Prefetch("message", Message.objects.only("subject"))
        found: QuerySet[Any] = super().get_queryset(request).alias(about=about).prefetch_related(subjects)
        return found


@admin.register(Classification)
class ClassificationAdmin(OfMessages):
    list_select_related = ()
    list_display = ("message", "intent", "confidence", "needs_review", "is_current", "provider", "model", "created_at")
    list_filter = (
        "is_current",
        "intent",
        "needs_review",
        ("provider", RecentValuesFilter),
        ("version", RecentValuesFilter),
    )
    search_fields = ("about",)
    search_help_text = "Words of the message's subject, or its sender's address"


@admin.register(AIAnswer)
class AIAnswerAdmin(OfMessages):
    list_display = ("id", "kind", "user", "message", "provider", "model", "input_tokens", "output_tokens", "created_at")
    list_select_related = ("user",)
    list_filter = ("kind", ("provider", RecentValuesFilter), "created_at")


@admin.register(AIUsage)
class AIUsageAdmin(ReadOnlyAdmin):
    list_display = ("day", "provider", "calls")
    list_filter = ("provider",)
