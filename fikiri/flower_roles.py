"""In Flower people may do what their role allows elsewhere: viewers look, operators steer what is of their queues.

A login of Flower's own that names no user of the site is whoever runs it, and may everything.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from flower.api import control as control_api
from flower.api import tasks as tasks_api
from flower.views import BaseHandler
from flower.views.tasks import TaskView
from flower.views.workers import WorkerView
from tornado import web

Check = Callable[[Any, str], bool]  # a user, and what the request names

REFUSAL = "Your role does not allow this."


def guard(people: Callable[[Any], tuple[str, str]]) -> None:
    """Ask the ledger's roles before anything is done. `people`: a request's login, and whom the proxy let in."""
    for check, handlers in STEERED.items():
        for handler in handlers:
            handler.post = _only_for(check, people, handler.post)
    for view, check in ((TaskView, _may_cancel), (WorkerView, _may_stop)):
        view.get = _with_or_without_buttons(check, people, view.get)
    BaseHandler.render = _rendering(BaseHandler.render)


def may(people: Sequence[str], check: Check, name: str) -> bool:
    """Whether all of them may: the login, and the user that the proxy let in by it, who has to be there."""
    from django.contrib.auth import get_user_model

    users = {user.get_username(): user for user in get_user_model()._default_manager.filter(username__in=people)}
    asked = [users.get(person) for person in people if person and (person in users or person == people[1])]
    return all(user is not None and check(user, name) for user in asked)


def _may_cancel(user: Any, job_id: str) -> bool:
    from jobs import access
    from jobs.models import Job

    known = _uuid(job_id)
    return access.may(user, access.Verb.CANCEL, Job.objects.filter(pk=known).first() if known else None)


def _may_enqueue(user: Any, task: str) -> bool:
    from jobs import access, registry

    return access.may(user, access.Verb.ENQUEUE, registry.find(task))


def _may_limit(user: Any, task: str) -> bool:
    from jobs import access, registry

    return access.may(user, access.Verb.PAUSE, registry.find(task))


def _may_stop(user: Any, worker: str) -> bool:
    """Operators of every queue that it works for."""
    from jobs import access
    from jobs.models import WorkerBeat

    beat = WorkerBeat.objects.filter(name=worker).first()
    return all(access.may(user, access.Verb.STOP, queue) for queue in (beat.queues if beat else None) or [None])


STEERED: dict[Check, tuple[Any, ...]] = {
    _may_cancel: (control_api.TaskRevoke, tasks_api.TaskAbort),
    _may_enqueue: (tasks_api.TaskApply, tasks_api.TaskAsyncApply, tasks_api.TaskSend),
    _may_limit: (control_api.TaskTimout, control_api.TaskRateLimit),
    _may_stop: (
        control_api.WorkerShutDown,
        control_api.WorkerPoolRestart,
        control_api.WorkerPoolGrow,
        control_api.WorkerPoolShrink,
        control_api.WorkerPoolAutoscale,
        control_api.WorkerQueueAddConsumer,
        control_api.WorkerQueueCancelConsumer,
    ),
}


def _only_for(check: Check, people: Any, post: Any) -> Any:
    @wraps(post)
    async def asking(handler: Any, name: str) -> None:
        if handler.current_user and not await _asked(handler, check, people, name):
            raise web.HTTPError(403, REFUSAL)
        await post(handler, name)

    return asking


def _with_or_without_buttons(check: Check, people: Any, get: Any) -> Any:
    @wraps(get)
    async def asking(handler: Any, name: str) -> None:
        handler.only_looks = not (handler.current_user and await _asked(handler, check, people, name))
        answer = get(handler, name)
        if asyncio.iscoroutine(answer):
            await answer

    return asking


def _rendering(render: Any) -> Any:
    @wraps(render)
    def rendering(handler: Any, *args: Any, **words: Any) -> Any:
        if getattr(handler, "only_looks", False) and "read_only" in words:
            words["read_only"] = True
        return render(handler, *args, **words)

    return rendering


async def _asked(handler: Any, check: Check, people: Any, name: str) -> bool:
    """The database is asked in a thread: Flower's loop serves everybody."""
    who = people(handler.request.headers)
    return await asyncio.get_running_loop().run_in_executor(None, _ask, who, check, name)


def _ask(who: Sequence[str], check: Check, name: str) -> bool:
    from django.db import connection

    from jobs.control import set_up

    set_up()
    try:
        return may(who, check, name)
    finally:
        connection.close()  # this thread's own


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
