"""Nothing of Flower answers without a login, and what people do there is done in their name.

Flower leaves `/metrics` and `/healthcheck` open even where it asks for a password, and they tell of tasks and workers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from flower.api import BaseApiHandler
from flower.api.tasks import BaseTaskHandler
from flower.app import Flower
from flower.views import BaseHandler, monitor
from flower.views.tasks import TaskView
from tornado import web
from tornado.escape import xhtml_escape

from fikiri import flower_roles
from jobs import control

HEADER = "X-Fikiri-User"  # set by the proxy, for those whom the site let in
ORIGIN = "flower"


def guard() -> None:
    """Close what is open, and note who acts. Called where Flower starts, before its handlers are used."""
    for handler in (monitor.Metrics, monitor.Healthcheck):
        handler.get = web.authenticated(handler.get)
    flower_roles.guard(people)
    BaseTaskHandler.update_response_result = _without_result
    BaseApiHandler.write_error = _challenging(BaseApiHandler.write_error)
    BaseHandler.get_current_user = _noting(BaseHandler.get_current_user)
    Flower.pool_executor_cls = ContextExecutor
    TaskView.render_string = with_way_back(TaskView.render_string)


class ContextExecutor(ThreadPoolExecutor):
    """Its threads know in whose name they work."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(copy_context().run, function, *args, **kwargs)


def people(headers: Any) -> tuple[str, str]:
    """The password's user, and whom the proxy says that it let in."""
    return _basic_user(headers.get("Authorization", "")), unquote(headers.get(HEADER, ""))


def person(headers: Any) -> str:
    """Who asks, as the audit names them."""
    login, named = people(headers)
    return f"{named} ({login})" if named else login


def format_task(task: Any) -> Any:
    """Flower's task, pointing to the ledger, which alone has its arguments and result."""
    task.args, task.kwargs = _page_of(task), "in the admin"
    return task


def _page_of(task: Any) -> str:
    return f"/admin/jobs/job/{task.uuid}/"


def with_way_back(render_string: Callable[..., bytes]) -> Callable[..., bytes]:
    """A task's page, where the address of the job's is a link."""

    def linking(handler: Any, template: str, **words: Any) -> bytes:
        address = xhtml_escape(_page_of(words["task"])) if "task" in words else ""
        page = render_string(handler, template, **words)
        link = f'<a href="{xhtml_escape(settings.PUBLIC_URL)}{address}">{address}</a>'
        return page.replace(f">{address}<".encode(), f">{link}<".encode()) if address else page

    return linking


def _without_result(_handler: Any, response: dict[str, Any], result: Any) -> None:
    """How a job ended; what it returned, or its error, is shown by the site alone, which masks it."""
    response.update(state=result.state, result="in the admin")


def _noting(get_current_user: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def noting(handler: Any) -> Any:
        user = get_current_user(handler)
        if user:
            control.act_as(person(handler.request.headers) or str(user), ORIGIN)
        return user

    return noting


def _challenging(write_error: Callable[..., None]) -> Callable[..., None]:
    """A browser that came straight to a task's page sends its password elsewhere only when asked for it."""

    def challenging(handler: Any, status_code: int, **options: Any) -> None:
        if status_code == 401:
            handler.set_header("WWW-Authenticate", 'Basic realm="flower"')
        write_error(handler, status_code, **options)

    return challenging


def _basic_user(header: str) -> str:
    try:
        return base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
