"""Effects happen once: what cannot be taken back is written down before it is done, and looked up after a doubt.

    receipt = effects.once(f"welcome:{user.id}", kind="mail", do=send, resolve=look_up, seconds=30)

The key says what the effect means, never which attempt makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum

from jobs import context, registry, tracing
from jobs.clock import Now
from jobs.errors import Cancelled, InDoubt, Refused, Snooze, Superseded
from jobs.models import FINAL, Effect, EffectStatus, Job, JobStatus
from jobs.models.effect import whole


@dataclass(frozen=True)
class Receipt:
    """What the provider said of an effect that happened. `made_now` is False when an earlier attempt made it."""

    provider_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    made_now: bool = True


class Doubt(Enum):
    """A resolver's answers besides a receipt."""

    SURELY_NOT = "surely not"
    CANNOT_KNOW = "cannot know"


class Fate(StrEnum):
    """What became of a job's effects once its cancel was asked."""

    BEFORE = "before"  # nothing has happened, and now nothing will
    TOO_LATE = "too_late"  # it has happened
    IN_DOUBT = "in_doubt"  # it was begun; whether it happened is not known, or not yet


class SurelyNot(Exception):
    """Raised by `do`: the effect has certainly not happened. The cause decides whether the job is retried."""


class Unclear(Exception):
    """Raised by `do`: the effect may or may not have happened."""


Resolver = Callable[[Effect], Receipt | Doubt]


def once(key: str, *, kind: str, do: Callable[[], Receipt], resolve: Resolver, seconds: float) -> Receipt:
    """Make an effect unless it was made before.

    Args:
        key: What it means: job or business object, step, recipient.
        do: Makes it. Raises SurelyNot or Unclear (any other error is unclear too).
        resolve: Asks the provider about an effect that an earlier attempt left open.
        seconds: The effect's own time-out; the job must have more left.

    Raises:
        Cancelled: somebody asked for that before the effect.
        InDoubt: nobody can say whether it happened.
        Refused: outside a job, or in a task that was not declared with `effects=True`.
    """
    running = _running()
    if seconds >= running.claim.soft_time_limit:
        limit = running.claim.soft_time_limit
        raise Refused(f"An effect of {seconds:g} s does not fit into a job of {limit:g} s: raise its soft_time_limit.")
    effect, before = _take(running, key, kind, seconds)
    match before:
        case EffectStatus.CONFIRMED:
            return Receipt(effect.provider_id, effect.detail, made_now=False)
        case EffectStatus.ATTEMPTING:
            with tracing.effect("resolve", kind):
                answer = resolve(effect)
            if isinstance(answer, Receipt):
                _settle(effect, EffectStatus.CONFIRMED, answer)
                return Receipt(answer.provider_id, answer.detail, made_now=False)
            if answer is Doubt.CANNOT_KNOW:
                raise InDoubt(f"Whether {kind} {key} happened cannot be known.")
    return _make(effect, do)


def remember(effect_key: str, **detail: Any) -> None:
    """Add to what is known of an effect under way, such as a draft's id, for the resolver of a later attempt.

    Raises:
        Superseded: a later attempt makes the effect by now, and knows better.
    """
    running = _running()
    mine = Effect.objects.filter(key=effect_key, job=running.id, attempt=running.attempt)
    with transaction.atomic():
        effect = mine.select_for_update().first()
        if effect is None:
            raise Superseded("another attempt makes this effect")
        effect.detail = {**effect.detail, **detail}
        effect.save(update_fields=["detail"])


def recall(effect_key: str) -> Mapping[str, Any]:
    """What is known of an effect; nothing where there is none."""
    effect = Effect.objects.filter(key=effect_key).first()
    return effect.detail if effect else {}


def all_done(job_id: UUID) -> bool:
    """Whether a person has said that all this job does has happened, when its task was in doubt about it."""
    return Effect.objects.filter(key=whole(job_id), status=EffectStatus.CONFIRMED).exists()


def fate_of(job_id: UUID) -> tuple[Fate, list[str]]:
    """What became of a job's effects, and the providers' ids of those that happened.

    Read after the cancel is written: from then on the job begins no other.
    """
    begun = Effect.objects.filter(job=job_id).exclude(status=EffectStatus.FAILED).order_by("id")
    rows = list(begun.values_list("status", "provider_id"))
    happened = [provider_id for status, provider_id in rows if status == EffectStatus.CONFIRMED]
    if len(happened) < len(rows):
        return Fate.IN_DOUBT, happened
    return (Fate.TOO_LATE if happened else Fate.BEFORE), happened


def counted(jobs: QuerySet[Job]) -> tuple[int, int]:
    """How many effects of these jobs have happened, and how many were begun and may still happen."""

    def number(status: EffectStatus) -> Subquery:
        # Each job's by its index: joined, the effects of all jobs would be read.
        of_it = Effect.objects.filter(job=OuterRef("pk"), status=status).order_by().values("job")
        return Subquery(of_it.annotate(number=Count("pk")).values("number"))

    each = jobs.order_by().annotate(made=number(EffectStatus.CONFIRMED), begun=number(EffectStatus.ATTEMPTING))
    counts: dict[str, int] = each.aggregate(all_made=Sum("made", default=0), all_begun=Sum("begun", default=0))
    return counts["all_made"], counts["all_begun"]


def _make(effect: Effect, do: Callable[[], Receipt]) -> Receipt:
    try:
        with tracing.effect("make", effect.kind):
            receipt = do()
    except SurelyNot as error:
        _settle(effect, EffectStatus.FAILED, Receipt(), reason=str(error.__cause__ or error))
        raise (error.__cause__ or error) from None
    except Unclear as error:
        # The next attempt asks the provider, a little later: a mail just sent is not in the Sent folder yet.
        raise Snooze(_RESOLVE_AFTER, f"unclear whether {effect.kind} happened: {error}") from error
    _settle(effect, EffectStatus.CONFIRMED, receipt)
    return receipt


_RESOLVE_AFTER = 5.0  # seconds


def _running() -> context.Running:
    running = context.current()
    if running is None:
        raise Refused("An effect belongs to a job: call this inside a task.", field="effect")
    if not registry.get(running.claim.task).options.effects:
        raise Refused(f"Task {running.claim.task!r} has effects: declare it with effects=True.", field="effects")
    return running


def _take(running: context.Running, key: str, kind: str, seconds: float) -> tuple[Effect, EffectStatus | None]:
    """Lock the job, check that this attempt may act, and write down what it is about to do.

    Without the lock a cancel could be answered "before the effect" while the effect went ahead.
    """
    if _in_transaction():
        raise Refused("An effect is written down before it is made: call this outside a transaction.", field="effect")
    claim = running.claim
    with transaction.atomic():
        mine = Job.objects.filter(pk=claim.id, claim=claim.token, status=JobStatus.PROCESSING)
        job = (mine.select_for_update(no_key=True) if connection.vendor == "postgresql" else mine).first()
        if job is None:
            raise Superseded("another attempt owns this job")
        if job.cancel_requested_at:
            raise Cancelled("cancelled before the effect")
        if running.remaining() < seconds:
            raise Snooze(0, f"too little time left for {kind}")
        effect, created = Effect.objects.get_or_create(
            key=key, defaults={"job": job, "attempt": claim.attempt, "kind": kind, "created_at": Now()}
        )
        if created:
            return effect, None
        before = EffectStatus(effect.status)
        if before != EffectStatus.CONFIRMED:
            _take_over(effect, job, claim.attempt)
        return effect, before


def _in_transaction() -> bool:
    """Whether a transaction is open, other than the one that a Django TestCase puts around its test."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _take_over(effect: Effect, job: Job, attempt: int) -> None:
    """Make what an earlier attempt, or another job, left open or failed to do this attempt's. One of many gets it."""
    if effect.job_id != job.pk and effect.status == EffectStatus.ATTEMPTING and _has_work_left(effect):
        raise Snooze(_LOOK_AGAIN, f"job {effect.job_id} is making the same effect")
    if not _as_seen(effect).update(status=EffectStatus.ATTEMPTING, attempt=attempt, job=job):
        raise Snooze(_LOOK_AGAIN, "another job is making the same effect")
    effect.status, effect.attempt, effect.job = EffectStatus.ATTEMPTING, attempt, job


_LOOK_AGAIN = 30.0  # seconds


def _has_work_left(effect: Effect) -> bool:
    """Whether the effect's own job will still say what became of it, or a person will."""
    return effect.job_id is not None and Job.objects.filter(pk=effect.job_id).exclude(status__in=FINAL).exists()


def _as_seen(effect: Effect) -> Any:
    """The row, if nobody has taken it over since."""
    return Effect.objects.filter(pk=effect.pk, status=effect.status, attempt=effect.attempt, job=effect.job_id)


def _settle(effect: Effect, status: EffectStatus, receipt: Receipt, *, reason: str = "") -> None:
    """That it happened is a fact whoever says so; that it did not is true only of who tried last."""
    row = Effect.objects.filter(pk=effect.pk).exclude(status=EffectStatus.CONFIRMED)
    (_as_seen(effect) if status == EffectStatus.FAILED else row).update(
        status=status,
        provider_id=receipt.provider_id[:300],
        detail=dict(receipt.detail) or effect.detail,
        settled_at=Now(),
        reason=reason[:300],
    )
