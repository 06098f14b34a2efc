"""What each field of a query means."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, JSONField, Q, Value
from django.db.models.fields.json import KeyTransform, KeyTransformExact
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, LessThan
from django.utils import timezone

from jobs import masking, owners
from jobs.clock import Now
from jobs.models import FINAL, WAITING, JobStatus
from jobs.query.reading import BadQuery, Word
from jobs.queues import QUEUES

GROUPS: dict[str, tuple[str, ...]] = {
    "waiting": WAITING,
    "ended": FINAL,
    "open": (*WAITING, JobStatus.PROCESSING, JobStatus.IN_DOUBT),
    "trouble": (JobStatus.FAILED, JobStatus.DEAD, JobStatus.IN_DOUBT),
}
DEEPEST = 10  # values within values of an argument
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhdw])")
COMPARISONS = {"": "exact", ">": "gt", "<": "lt", ">=": "gte", "<=": "lte"}

WAITS = Q(status__in=WAITING)
FLAGS: dict[str, Callable[[], Q]] = {
    "delayed": lambda: WAITS & Q(run_at__gt=Now()),
    "due": lambda: WAITS & Q(run_at__lte=Now()),
    "rung": lambda: WAITS & Q(rung_at__isnull=False),
    "cancelling": lambda: Q(status=JobStatus.PROCESSING, cancel_requested_at__isnull=False),
    "unique": lambda: Q(unique_slot__isnull=False),
    "child": lambda: Q(parent_id__isnull=False),
    "retried": lambda: Q(attempt__gt=1),
}


@dataclass(frozen=True)
class Field:
    """`meaning` makes the condition of one value; `compares` says whether <, > may stand before it."""

    help: str
    meaning: Callable[[str, str], Q]
    compares: bool = False
    values: tuple[str, ...] = ()


def meaning(word: Word) -> Q:
    """What a word asks of a job.

    Raises:
        BadQuery: an unknown field, or a value that cannot be one of its.
    """
    if not word.field:
        return _text(word.values[0])
    if word.field.startswith("args."):
        if not masking.is_searchable(word.field.removeprefix("args.")):
            raise BadQuery(f"{word.field} is masked: jobs cannot be found by it.")
        return _any(word, lambda value, _: _argument(word.field.removeprefix("args."), value))
    return meaning_in(FIELDS, word, more=", args.NAME")


def meaning_in(fields: Mapping[str, Field], word: Word, *, more: str = "") -> Q:
    """What a word with a field asks of rows that these fields are of. Raises BadQuery like `meaning`."""
    field = fields.get(word.field)
    if field is None:
        raise BadQuery(f"Unknown field {word.field!r}. Known: {', '.join(fields)}{more}.")
    if word.operator and not field.compares:
        raise BadQuery(f"{word.field} cannot be compared: write {word.field}:{word.values[0]}.")
    return _any(word, field.meaning)


def identified(value: str) -> Q:
    """Jobs under an id, a caller's own id or a correlation id."""
    found = Q(key=value) | Q(correlation_id=value)
    job_id = identifier(value)
    return found | Q(pk=job_id) if job_id else found


def identifier(value: str) -> uuid.UUID | None:
    """An id as people write it; None for what is none."""
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def _any(word: Word, meaning: Callable[[str, str], Q]) -> Q:
    return reduce(or_, (meaning(value, word.operator) for value in word.values))


def _text(value: str) -> Q:
    """A word of a task's name or of an error, or how a caller's own id begins."""
    return (
        Q(task__icontains=value)
        | Q(error__icontains=value)
        | Q(error_class__icontains=value)
        | Q(key__istartswith=value)
    )


def _status(value: str, _: str) -> Q:
    if value in GROUPS:
        return Q(status__in=GROUPS[value])
    return Q(status=one_of("status", value, JobStatus.values, also=GROUPS))


def _queue(value: str, _: str) -> Q:
    return Q(queue=one_of("queue", value, QUEUES))


def _flag(value: str, _: str) -> Q:
    return FLAGS[one_of("is", value, FLAGS)]()


def _named(column: str) -> Callable[[str, str], Q]:
    """Equal, or with a `*` at its end, beginning so."""

    def meaning(value: str, _: str) -> Q:
        return Q(**{f"{column}__startswith": value[:-1]}) if value.endswith("*") else Q(**{column: value})

    return meaning


def containing(*columns: str) -> Callable[[str, str], Q]:
    def meaning(value: str, _: str) -> Q:
        return reduce(or_, (Q(**{f"{column}__icontains": value}) for column in columns))

    return meaning


def _identifier(column: str) -> Callable[[str, str], Q]:
    def meaning(value: str, _: str) -> Q:
        given = identifier(value)
        if given is None:
            raise BadQuery(f"{value[:40]!r} is no id: give one like 019ab3c4-....")
        return Q(**{column: given})

    return meaning


def _owner(value: str, _: str) -> Q:
    """A user's name or number; a name that nobody has finds nothing, and so tells nothing."""
    return Q(owner_id=None) if value == owners.SYSTEM else Q(owner_id__in=owners.ids_of(value))


def _argument(path: str, value: str) -> Q:
    """An argument, or with dots a value within it. `7` finds the number and the text."""
    names = path.split(".")
    if len(names) > DEEPEST:
        raise BadQuery(f"args.{path[:40]}... goes {len(names)} deep, at most {DEEPEST} can be looked into.")
    key: Any = "arguments"
    for name in names:
        key = KeyTransform(name, key)
    values = (Value(candidate, output_field=JSONField()) for candidate in _candidates(value))
    return reduce(or_, (Q(KeyTransformExact(key, value)) for value in values))


def _candidates(value: str) -> list[str | float]:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return [value]
    return [value, parsed] if isinstance(parsed, int | float) and math.isfinite(parsed) else [value]


def _number(column: str) -> Callable[[str, str], Q]:
    def meaning(value: str, operator: str) -> Q:
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise BadQuery(f"{value[:40]!r} is no whole number.")
        return Q(**{f"{column}__{COMPARISONS[operator]}": int(value)})

    return meaning


def _age(value: str, operator: str) -> Q:
    """Older (`>`) or younger (`<`, the default) than so long."""
    column = "created_at__lt" if operator.startswith(">") else "created_at__gte"
    return Q(**{column: Now(-_seconds(value))})


def _duration(value: str, operator: str) -> Q:
    """Of the last run, which may go on; longer by default."""
    ran = ExpressionWrapper(Coalesce("finished_at", Now()) - F("started_at"), output_field=DurationField())
    compared = LessThan if operator.startswith("<") else GreaterThan
    return Q(started_at__isnull=False) & Q(compared(ran, timedelta(seconds=_seconds(value))))


def moment(column: str) -> Callable[[str, str], Q]:
    def meaning(value: str, operator: str) -> Q:
        start, end = _span(value)
        match operator:
            case "":
                return Q(**{f"{column}__gte": start, f"{column}__lt": end})
            case ">" | ">=":
                return Q(**{f"{column}__gte": end if operator == ">" else start})
            case _:
                return Q(**{f"{column}__lt": start if operator == "<" else end})

    return meaning


def _span(value: str) -> tuple[datetime, datetime]:
    """A day, or a moment of one second."""
    zone = timezone.get_current_timezone()
    try:
        if len(value) == len("2026-11-23"):
            day = datetime.combine(date.fromisoformat(value), time(), zone)
            return day.astimezone(UTC), (day + timedelta(days=1)).astimezone(UTC)
        moment = datetime.fromisoformat(value)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        return moment, moment + timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise BadQuery(f"{value[:40]!r} is no date: write 2026-11-23 or 2026-11-23T14:30.") from None


def _seconds(value: str) -> float:
    match = DURATION.fullmatch(value)
    if not match:
        raise BadQuery(f"{value[:40]!r} is no length of time: write 30s, 5m, 2h, 7d or 1w.")
    return min(float(match[1]) * UNITS[match[2]], 1e9)


def one_of(field: str, value: str, known: Any, also: Any = ()) -> str:
    if value not in known:
        raise BadQuery(f"{field}:{value[:40]} is unknown. Known: {', '.join([*known, *also])}.")
    return value


FIELDS = {
    "status": Field("what it is, or waiting, open, ended, trouble", _status, values=(*JobStatus.values, *GROUPS)),
    "queue": Field("the queue", _queue, values=tuple(QUEUES)),
    "task": Field("the task's name; send_* begins so", _named("task")),
    "owner": Field("a user's name or number, or system", _owner, values=(owners.SYSTEM,)),
    "is": Field("a circumstance", _flag, values=tuple(FLAGS)),
    "age": Field("younger than 2h, or older: >2h", _age, compares=True),
    "duration": Field("ran longer than 30s, or shorter: <30s", _duration, compares=True),
    "created": Field("on a day, or after or before it: >2026-11-23", moment("created_at"), compares=True),
    "finished": Field("on a day, or after or before it", moment("finished_at"), compares=True),
    "run_at": Field("on a day, or after or before it", moment("run_at"), compares=True),
    "error": Field("words of the error, or its class", containing("error", "error_class")),
    "fingerprint": Field("errors that are alike", _named("fingerprint")),
    "reason": Field("words of why it is in its state", containing("reason")),
    "worker": Field("where it ran last", _named("worker")),
    "attempts": Field("runs so far: >1", _number("attempt"), compares=True),
    "failures": Field("failed runs that count: >1", _number("failures"), compares=True),
    "priority": Field("0 to 9, 0 runs first", _number("priority"), compares=True),
    "id": Field("the job's id", _identifier("pk")),
    "key": Field("the caller's own id; inv-* begins so", _named("key")),
    "correlation": Field("the request that it came of", _named("correlation_id")),
    "parent": Field("the job that enqueued it", _identifier("parent_id")),
    "batch": Field("the set that it belongs to", _identifier("batch_id")),
    "schedule": Field("the schedule that made it, by number", _number("schedule_id")),
}
