"""Effects in doubt over REST: what may or may not have happened, and a person's word on it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import services
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.parsing import Body, Text
from jobs.api.responses import ok
from jobs.api.schema import described, limit
from jobs.api.scopes import Scope
from jobs.api.shapes import JobId, JobRow, Task, Time, epoch, job_row
from jobs.api.view import ApiView
from jobs.errors import JobNotFound
from jobs.models import Effect

LIMIT, LARGEST = 50, 200
BIGGEST = 2**63 - 1


class Word(Body):
    """Whether it happened, and how you know: kept with the effect."""

    happened: bool
    reason: Annotated[Text, Field(min_length=1, max_length=300, examples=["It is in the Sent folder."])]


class EffectRow(TypedDict):
    """`key` says what it means; `provider_id` is the provider's name for it, as far as it is known."""

    effect_id: int
    key: str
    kind: str
    job_id: JobId
    task: Task
    attempt: int
    provider_id: str | None
    begun_at: Time | None
    user_id: int | None


class EffectRows(TypedDict):
    effects: list[EffectRow]
    count: int


class EffectList(ApiView):
    """Effects in doubt, of the jobs that the user may see, the oldest first."""

    @described("list_effects_in_doubt", "Effects in doubt", EffectRows, parameters=[limit(LARGEST, LIMIT)])
    def get(self, request: Request) -> Response:
        most = parsing.whole(request, "limit", LIMIT, LARGEST)
        doubts = access.visible_effects(request.user).in_doubt()
        rows = [effect_row(effect) for effect in doubts.select_related("job").order_by("pk")[:most]]
        return ok({"effects": rows, "count": len(rows)}, message="Effects in doubt")


class EffectResolve(ApiView):
    """Settles an effect in doubt; its job runs on, and skips what has happened. For operators of its queue."""

    scope: ClassVar[Scope] = Scope.ADMIN

    @described("resolve_effect", "Say whether an effect in doubt happened", JobRow, takes=Word)
    def post(self, request: Request, effect_id: int) -> Response:
        found = access.visible_effects(request.user).filter(pk=min(effect_id, BIGGEST)).select_related("job").first()
        if found is None:
            raise JobNotFound(f"There is no effect {effect_id}.", field="effect_id", code="EFFECT_NOT_FOUND")
        access.check(request.user, Verb.RESOLVE, found.job)
        word = parsing.body_of(request, Word)
        by = request.user.get_username()
        job = services.resolve(effect_id, happened=word.happened, by=by, reason=word.reason)
        return ok(job_row(job), message="Effect resolved: the job runs on")


def effect_row(effect: Effect) -> EffectRow:
    assert effect.job is not None
    return {
        "effect_id": effect.pk,
        "key": effect.key,
        "kind": effect.kind,
        "job_id": str(effect.job.pk),
        "task": effect.job.task,
        "attempt": effect.attempt,
        "provider_id": effect.provider_id or None,
        "begun_at": epoch(effect.created_at),
        "user_id": effect.job.owner_id,
    }
