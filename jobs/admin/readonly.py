"""Pages of what nobody may add, edit or delete by hand."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest

from jobs import access
from jobs.access import Verb
from jobs.admin.lists import BoundedAdmin


class RecordAdmin(BoundedAdmin):
    """For rows that only the platform writes."""

    change_form_template = "admin/jobs/change_form.html"
    actions: Any = None
    sortable_by: ClassVar[Any] = ()

    class Media:
        css = {"all": ("jobs/admin.css",)}

    verb = Verb.SEE
    platform_wide = False  # whether it has no queue, so that it asks for a role on all

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the role; which rows is said by `get_queryset`."""
        if self.platform_wide:
            return access.may(request.user, self.verb)
        return access.may_somewhere(request.user, self.verb)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
