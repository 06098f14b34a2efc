"""Pages of what nobody may add, edit or delete by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from jobs import access
from jobs.access import Verb

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Any]
    PaginatorBase = Paginator[Any]
else:
    AdminBase = admin.ModelAdmin
    PaginatorBase = Paginator

COUNTED = 10_000  # rows; nobody pages further, and counting millions takes seconds


class CappedPaginator(PaginatorBase):
    """Counts no further than anybody pages."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by().values("pk")[:COUNTED].count()

    @property
    def is_capped(self) -> bool:
        return self.count >= COUNTED


class RecordAdmin(AdminBase):
    """For rows that only the platform writes."""

    actions: Any = None
    list_per_page = 50
    list_max_show_all = 0
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    show_full_result_count = False
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
