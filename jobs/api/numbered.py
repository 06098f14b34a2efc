"""Lists of rows whose number rises with time: the newest first, `before` the `next` of the page before."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from jobs.api import parsing
from jobs.api.parsing import BIGGEST_ID
from jobs.api.schema import limit, parameter

LIMIT, LARGEST = 50, 200
BEFORE = parameter("before", {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}, "The `next` of the page before.")
PARAMETERS = (limit(LARGEST, LIMIT), BEFORE)

Row = TypeVar("Row", bound=Model)


def page(rows: QuerySet[Row], request: Request) -> tuple[list[Row], int | None]:
    """A page, and the `before` that asks for the next one."""
    most = parsing.whole(request, "limit", LIMIT, LARGEST)
    before: Any = request.query_params.get("before")
    if before is not None:
        rows = rows.filter(pk__lt=parsing.number("before", before, 1, BIGGEST_ID))
    found = list(rows.order_by("-pk")[: most + 1])
    return found[:most], found[most - 1].pk if len(found) > most else None
