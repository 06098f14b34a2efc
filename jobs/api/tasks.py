"""Tasks over REST: what the user may enqueue by name, and what it takes."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import access, registry
from jobs.access import Verb
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import Queue, Task
from jobs.api.view import ApiView
from jobs.registry import TaskSpec


class ArgumentRow(TypedDict):
    name: str
    type: Annotated[str, Field(examples=["int"])]
    required: bool
    default: Any


class TaskRow(TypedDict):
    """`effects`: it does what cannot be taken back. `time_limit` is in seconds."""

    task: Task
    queue: Queue
    about: Annotated[str, Field(description="The first line of what its code says of it.")]
    arguments: list[ArgumentRow]
    effects: bool
    max_retries: int
    time_limit: float


class TaskRows(TypedDict):
    tasks: list[TaskRow]


class TaskList(ApiView):
    """Those of queues that the user operates; all, for who may enqueue for themselves. Others get none."""

    @described("list_tasks", "Tasks that you may enqueue by name", TaskRows)
    def get(self, request: Request) -> Response:
        names = access.tasks(request.user, Verb.ENQUEUE)
        if request.user.has_perm(access.MAY_ENQUEUE):
            names = registry.names()
        rows = [task_row(spec) for name in names if (spec := registry.find(name))]
        return ok({"tasks": rows}, message="Tasks listed")


def task_row(spec: TaskSpec) -> TaskRow:
    hints = spec.parameters.hints
    return {
        "task": spec.name,
        "queue": spec.queue,
        "about": (inspect.getdoc(spec.function) or "").partition("\n")[0],
        "arguments": [_argument(one, hints.get(one.name, Any)) for one in spec.signature.parameters.values()],
        "effects": spec.options.effects,
        "max_retries": spec.options.max_retries,
        "time_limit": spec.options.time_limit,
    }


def _argument(one: inspect.Parameter, hint: Any) -> ArgumentRow:
    many = one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    return {
        "name": f"{'*' if one.kind is one.VAR_POSITIONAL else '**' if many else ''}{one.name}",
        "type": "any JSON" if hint is Any else inspect.formatannotation(hint),
        "required": one.default is one.empty and not many,
        "default": None if one.default is one.empty else _plain(one.default),
    }


def _plain(value: Any) -> Any:
    """JSON, or how Python writes it."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return str(value)
