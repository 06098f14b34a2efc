"""Lists in the admin that are as quick on millions of rows as on a few: they look at no more than the first so many.

Whatever is asked of them, searched for or sorted by. What is beyond is in the next look, which begins where this one
ends: nothing is left out for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Any]
    PaginatorBase = Paginator[Any]
else:
    AdminBase = admin.ModelAdmin
    PaginatorBase = Paginator

COUNTED = 10_000  # rows; nobody pages further, and counting millions takes seconds
OFFERED = 100  # values of a filter
RECENT = 1_000  # rows whose values are offered
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
    """Looks at the first rows only, whatever is asked of them, and says how far it looked."""

    keys: ClassVar[Sequence[str]] = ("pk",)  # rows lie in the order of these in an index, the greatest first
    first = "newest"
    ends: Any = None  # the last row that was looked at; None where none is beyond

    def get_filters_params(self, params: Any = None) -> Any:
        lookups = super().get_filters_params(params)
        lookups.pop(BEFORE, None)
        return lookups

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        return rows if getattr(request, FEW, False) else self.newest_of(request, rows)

    def newest_of(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Keys rise with time."""
        among = self.model._default_manager.order_by(*(f"-{key}" for key in self.keys))
        if before := self._before(request):
            beyond = _from(self.keys, before, "lte", "lt")
            among, rows = among.filter(beyond), rows.filter(beyond)
        last = list(among.values_list(*self.keys)[COUNTED - 1 : COUNTED + 1])
        if len(last) < 2:
            return rows
        self.ends = last[0]
        return rows.filter(_from(self.keys, last[0], "gte", "gte"))

    def get_results(self, request: HttpRequest) -> None:
        """Where nothing narrows the list, there is no "N results" to be said."""
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count

    def further(self) -> str:
        """The address of the same list, of what is beyond."""
        return self.get_query_string({BEFORE: self.end()})

    def newest(self) -> str:
        """The address of the same list, of what is first, where this is not."""
        return self.get_query_string(remove=[BEFORE]) if BEFORE in self.params else ""

    def end(self) -> str:
        return ",".join(str(value) for value in self.ends)

    def _before(self, request: HttpRequest) -> list[Any] | None:
        given = request.GET.get(BEFORE, "").split(",")
        fields: list[Any] = [self.opts.pk if key == "pk" else self.opts.get_field(key) for key in self.keys]
        if len(given) != len(fields) or not all(given):
            return None
        try:
            return [field.to_python(value) for field, value in zip(fields, given, strict=True)]
        except ValidationError:
            return None


class BoundedAdmin(AdminBase):
    """For tables that grow without end."""

    list_per_page = 50
    list_max_show_all = 0
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    show_full_result_count = False

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("jobs/lists.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WindowedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}  # not "Select ... to change"
        return super().changelist_view(request, title | (extra_context or {}))


class RelatedFilter(admin.RelatedFieldListFilter):
    """Offers whom rows belong to: each is looked up, where Django would read all rows for it."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        theirs = model_admin.model._default_manager.filter(**{field.name: OuterRef("pk")})
        among: QuerySet[Model] = field.remote_field.model._default_manager.filter(Exists(theirs))
        return [(one.pk, str(one)) for one in among.order_by("pk")[:OFFERED]]


class RecentValuesFilter(admin.AllValuesFieldListFilter):
    """Offers the values of the newest rows: Django would read all of them for it."""

    def __init__(self, field: Any, *more: Any, **named: Any) -> None:
        super().__init__(field, *more, **named)
        newest = field.model._default_manager.order_by("-pk").values_list(field.name, flat=True)[:RECENT]
        self.lookup_choices: Any = sorted({value for value in newest if value is not None})


def _from(keys: Sequence[str], values: Sequence[Any], how: str, last: str) -> Q:
    """Rows whose keys are at one side of these. Said so that an index of one or two keys is read from there on.

    Args:
        how: Any key of theirs.
        last: The last key of those whose others are the same.
    """
    [key, *others], [value, *rest] = keys, values
    if not others:
        return Q(**{f"{key}__{last}": value})
    return Q(**{f"{key}__{how}": value}) & (~Q(**{key: value}) | _from(others, rest, how, last))
