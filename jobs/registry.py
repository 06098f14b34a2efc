"""Which tasks there are: declared once, checked at every enqueue."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ParamSpec, TypeVar, cast

import celery

from jobs.arguments import Parameters
from jobs.errors import InvalidArguments, UnknownTask
from jobs.retries import Rules, check

CANARY = "jobs.canary"  # the platform's own, which only its dispatcher sends

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Options:
    queue: str = "email"
    max_retries: int = 3
    soft_time_limit: float = 285
    time_limit: float = 300
    atomic: bool = False
    effects: bool = False
    local: bool = True
    names_job: str = ""
    sensitive: tuple[str, ...] = ()
    permanent: tuple[type[Exception], ...] = ()
    retry: Rules = field(default_factory=dict)


@dataclass(frozen=True)
class TaskSpec:
    """A task as the platform knows it."""

    name: str
    function: Callable[..., Any]
    options: Options
    bound: bool = False

    @property
    def queue(self) -> str:
        return self.options.queue

    @property
    def signature(self) -> inspect.Signature:
        return self.parameters.signature

    @cached_property
    def parameters(self) -> Parameters:
        return Parameters(self.name, self.function, is_method=self.bound)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, checked against the signature, the types, JSON and the size limit.

        Raises:
            InvalidArguments: naming the argument and what is wrong with it.
        """
        return self.parameters.bind(args, kwargs).values

    def call_arguments(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The inverse of `bind`: positional and keyword arguments for the call."""
        return self.parameters.unbind(arguments)


_tasks: dict[str, TaskSpec] = {}


def declare(function: Callable[P, R], name: str, options: Options) -> Callable[P, R]:
    """Make a function a Celery task under this name and remember its options. Returns the task, still callable."""
    if options.atomic and options.effects:
        raise InvalidArguments(
            f"Task {name!r} is atomic and has effects: what cannot be taken back cannot be rolled back. Choose one.",
            field="atomic",
        )
    check(name, options.retry, options.permanent)
    known = _tasks.get(name)
    if known and known.function is not function and _address(known.function) != _address(function):
        raise UnknownTask(
            f"Task {name!r} is {_address(known.function)} already. Give {_address(function)} another name: "
            f"task(name=...).",
            field="name",
        )
    if known:  # declared anew, in a notebook say: Celery would keep the old one
        celery.current_app.tasks.pop(name, None)
    _tasks[name] = TaskSpec(name, function, options)
    decorate = celery.current_app.task(  # type: ignore[call-overload]  # the stubs want whole seconds
        name=name,
        soft_time_limit=options.soft_time_limit,
        time_limit=options.time_limit,
        max_retries=options.max_retries,
    )
    return cast("Callable[P, R]", decorate(function))


def find(name: str) -> TaskSpec | None:
    """A task by its name: one declared on a queue, else any task that the Celery app has."""
    return _tasks.get(name) or _celery_task(name)


def get(name: str, queue: str | None = None) -> TaskSpec:
    """A task by its name, of a queue if one is given.

    Raises:
        UnknownTask: naming tasks that are known, or the task's own queue.
    """
    spec = find(name)
    if spec is None:
        raise UnknownTask(
            f"Unknown task {name!r}. Known: {', '.join(names())}. "
            f"Decorate its function with @email_queue.task() (or ai_queue, crm_queue) in an app's tasks.py.",
            field="task",
        )
    if queue not in (None, spec.queue):
        raise UnknownTask(
            f"Task {name!r} is of queue {spec.queue!r}, not {queue!r}: use {spec.queue}_queue.", field="task"
        )
    return spec


def known() -> list[str]:
    """Every task that this process could run, plain Celery's too."""
    return sorted({*_tasks, *celery.current_app.tasks})


def names() -> list[str]:
    """Of all tasks that people may use."""
    return sorted(_tasks.keys() - {CANARY})


def _celery_task(name: str) -> TaskSpec | None:
    """A task made with `@shared_task` or `@app.task`: on the queue it names, else email."""
    app = celery.current_app
    task = app.tasks.get(name)
    if task is None:
        return None
    options = Options(
        queue=getattr(task, "job_queue", "email"),
        max_retries=3 if task.max_retries is None else task.max_retries,
        soft_time_limit=task.soft_time_limit or app.conf.task_soft_time_limit,
        time_limit=task.time_limit or app.conf.task_time_limit,
    )
    run: Any = task.run
    bound = inspect.ismethod(run) and run.__self__ is task
    function = run.__func__ if bound else run
    _tasks[name] = TaskSpec(name, function, options, bound)
    return _tasks[name]


def _address(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
