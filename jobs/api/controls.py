"""Pausing over REST: queues and tasks that are held back."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import pausing, queues, registry, services
from jobs.access import Verb
from jobs.api import access, parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.scopes import Scope
from jobs.api.shapes import Time, epoch
from jobs.api.view import ApiView
from jobs.models import QueueControl
from jobs.models import control as controls

ORIGIN = "REST"


class ControlRow(TypedDict):
    kind: Literal["queue", "task"]
    name: str
    paused: bool
    reason: str | None
    by: str | None
    changed_at: Time | None
    resume_at: Time | None


class PauseWish(Reasoned):
    """`seconds`: after so long it goes on by itself."""

    seconds: Annotated[float | None, Field(gt=0, le=pausing.LONGEST, examples=[3600])] = None


class PausedRows(TypedDict):
    paused: list[ControlRow]


class Paused(ApiView):
    """What is held back now, why and by whom. For every user: it says why their jobs wait."""

    @described("list_paused", "What is held back, why and by whom", PausedRows)
    def get(self, request: Request) -> Response:
        return ok(
            {"paused": [control_row(control) for control in services.paused()]}, message="Paused queues and tasks"
        )


class Control(ApiView):
    """Holds back a queue or a task, or lets it go on. For operators of the queue, or of the task's."""

    scope: ClassVar[Scope] = Scope.ADMIN


class PauseQueue(Control):
    @described("pause_queue", "Pause a queue", ControlRow, takes=PauseWish)
    def post(self, request: Request, name: str) -> Response:
        return ok(control_row(services.pause(**_asked(request, "queue", name, PauseWish))), message="Queue paused")


class ResumeQueue(Control):
    @described("resume_queue", "Resume a queue", ControlRow, takes=Reasoned)
    def post(self, request: Request, name: str) -> Response:
        return ok(control_row(services.resume(**_asked(request, "queue", name))), message="Queue resumed")


class PauseTask(Control):
    @described("pause_task", "Pause a task", ControlRow, takes=PauseWish)
    def post(self, request: Request, name: str) -> Response:
        return ok(control_row(services.pause(**_asked(request, "task", name, PauseWish))), message="Task paused")


class ResumeTask(Control):
    @described("resume_task", "Resume a task", ControlRow, takes=Reasoned)
    def post(self, request: Request, name: str) -> Response:
        return ok(control_row(services.resume(**_asked(request, "task", name))), message="Task resumed")


def _asked(request: Request, subject: str, name: str, shape: type[Reasoned] = Reasoned) -> dict[str, Any]:
    steered = queues.QUEUE_ALIASES.get(name, name) if subject == "queue" else registry.find(name)
    access.check(request.user, Verb.PAUSE, steered)
    wish = parsing.body_of(request, shape)
    return {subject: name, "by": request.user.get_username(), "origin": ORIGIN, **wish.model_dump()}


def control_row(control: controls.Control) -> ControlRow:
    return {
        "kind": "queue" if isinstance(control, QueueControl) else "task",
        "name": control.name,
        "paused": control.paused,
        "reason": control.reason or None,
        "by": control.by or None,
        "changed_at": epoch(control.changed_at),
        "resume_at": epoch(control.resume_at),
    }
