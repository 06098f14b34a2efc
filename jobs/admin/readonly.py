"""Pages of what nobody may add, edit or delete by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from jobs import access
from jobs.access import Verb

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Any]
    PaginatorBase = Paginator[Any]
else:
    AdminBase = admin.ModelAdmin
    PaginatorBase = Paginator

COUNTED = 10_000  # rows; nobody pages further, and counting millions takes seconds
BEFORE = "before"  # the parameter that leads further back
FEW = "_jobs_few"  # on the request: what is asked for is looked up, however old it is


class CappedPaginator(PaginatorBase):
    """Counts no further than anybody pages."""

    @cached_property
    def count(self) -> int:
        # Ordered: else the quickest way to so many rows is to read the table from its beginning.
        return cast("QuerySet[Any]", self.object_list).values("pk")[:COUNTED].count()

    @property
    def is_capped(self) -> bool:
        return self.count >= COUNTED


class WindowedList(ChangeList):
    """Looks at the newest rows only, whatever is asked of them, and says how far back it looked."""

    ends: Any = None  # the last row that was looked at; None where none is older

    def get_filters_params(self, params: Any = None) -> Any:
        lookups = super().get_filters_params(params)
        lookups.pop(BEFORE, None)
        return lookups

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        return rows if getattr(request, FEW, False) else self.newest_of(request, rows)

    def newest_of(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Keys rise with time."""
        among = self.model._default_manager.order_by("-pk")
        if (before := self._before(request)) is not None:
            among, rows = among.filter(pk__lt=before), rows.filter(pk__lt=before)
        last = list(among.values_list("pk", flat=True)[COUNTED - 1 : COUNTED + 1])
        if len(last) < 2:
            return rows
        self.ends = last[0]
        return rows.filter(pk__gte=last[0])

    def further(self) -> str:
        """The address of the same list, of what is older."""
        return self.get_query_string({BEFORE: self.end()})

    def newest(self) -> str:
        """The address of the same list, of what is newest, where this is not."""
        return self.get_query_string(remove=[BEFORE]) if BEFORE in self.params else ""

    def end(self) -> str:
        return str(self.ends)

    def _before(self, request: HttpRequest) -> Any:
        try:
            return self.opts.pk.to_python(request.GET.get(BEFORE) or None)
        except ValidationError:
            return None


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

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WindowedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}  # not "Select ... to change"
        return super().changelist_view(request, title | (extra_context or {}))

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
