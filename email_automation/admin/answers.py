"""What models answered, and what it cost."""

from django.contrib import admin

from email_automation.admin.reading import ReadOnlyAdmin
from email_automation.models import AIAnswer, AIUsage, Classification


@admin.register(Classification)
class ClassificationAdmin(ReadOnlyAdmin):
    list_display = ("message", "intent", "confidence", "needs_review", "is_current", "provider", "model", "created_at")
    list_select_related = ("message",)
    list_filter = ("is_current", "intent", "needs_review", "provider", "version")
    search_fields = ("message__subject", "message__from_address")


@admin.register(AIAnswer)
class AIAnswerAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "user", "message", "provider", "model", "input_tokens", "output_tokens", "created_at")
    list_select_related = ("user", "message")
    list_filter = ("kind", "provider", "created_at")


@admin.register(AIUsage)
class AIUsageAdmin(ReadOnlyAdmin):
    list_display = ("day", "provider", "calls")
    list_filter = ("provider",)
