"""Pausing over REST: queues and tasks that are held back."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from rest_framework.request import Request
from rest_framework.response import Response

from jobs import services
from jobs.api import access, parsing
from jobs.api.parsing import Reasoned
from jobs.api.responses import ok
from jobs.api.shapes import epoch
from jobs.api.view import ApiView
from jobs.models import QueueControl
from jobs.models.control import Control

ORIGIN = "REST"


class Paused(ApiView):
    """What is held back now, why and by whom. For every user: it says why their jobs wait."""

    def get(self, request: Request) -> Response:
        return ok({"paused": [_shape(control) for control in services.paused()]}, message="Paused queues and tasks")


class Pause(ApiView):
    """Holds back a queue or a task. For staff who may change its control."""

    subject: ClassVar[Literal["queue", "task"]] = "queue"

    def post(self, request: Request, name: str) -> Response:
        control = self.act(**_who(request, self.subject, name))
        return ok(_shape(control), message=f"{self.subject.capitalize()} {'paused' if control.paused else 'resumed'}")

    def act(self, **options: Any) -> Control:
        return services.pause(**options)


class Resume(Pause):
    """Lets it go on."""

    def act(self, **options: Any) -> Control:
        return services.resume(**options)


class PauseTask(Pause):
    subject = "task"


class ResumeTask(Resume):
    subject = "task"


def _who(request: Request, subject: str, name: str) -> dict[str, str]:
    access.check_steer(request.user, f"jobs.change_{subject}control")
    reason = parsing.body_of(request, Reasoned).reason
    return {subject: name, "by": request.user.get_username(), "reason": reason, "origin": ORIGIN}


def _shape(control: Control) -> dict[str, Any]:
    return {
        "kind": "queue" if isinstance(control, QueueControl) else "task",
        "name": control.name,
        "paused": control.paused,
        "reason": control.reason or None,
        "by": control.by or None,
        "changed_at": epoch(control.changed_at),
    }
