"""Which tasks there are: declared once, checked at every enqueue."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ParamSpec, TypeVar, cast, get_type_hints

import celery
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from jobs.config import config
from jobs.errors import InvalidArguments, UnknownTask
from jobs.retries import Rules, check

CANARY = "jobs.canary"  # the platform's own, which only its dispatcher sends
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # in JSON text; a backslash before it would make it plain text

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

    @cached_property
    def signature(self) -> inspect.Signature:
        signature = inspect.signature(self.function)
        parameters = list(signature.parameters.values())
        return signature.replace(parameters=parameters[1:] if self.bound else parameters)

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, checked against the signature, the types, JSON and the size limit.

        Raises:
            InvalidArguments: naming the argument and what is wrong with it.
        """
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise InvalidArguments(f"{self.name}: {error}. It takes {self.signature}.", field="args") from None
        arguments = plain(self.name, self._flat(bound))
        for name, value in bound.arguments.items():
            self._check(name, value)
        return arguments

    def call_arguments(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The inverse of `bind`: positional and keyword arguments for the call."""
        named = dict(arguments)
        rest = [value for p in self._parameters(inspect.Parameter.VAR_POSITIONAL) for value in named.pop(p.name, ())]
        by_place = inspect.Parameter.POSITIONAL_OR_KEYWORD if rest else inspect.Parameter.POSITIONAL_ONLY
        before = [p.name for p in self.signature.parameters.values() if p.kind <= by_place]
        return [*(named.pop(name) for name in before if name in named), *rest], named

    def _flat(self, bound: inspect.BoundArguments) -> dict[str, Any]:
        flat = dict(bound.arguments)
        for parameter in self._parameters(inspect.Parameter.VAR_KEYWORD):
            more = flat.pop(parameter.name, {})
            if twice := flat.keys() & more.keys():
                raise InvalidArguments(f"{self.name}: {min(twice)} is given twice.", field=min(twice))
            flat |= more
        return flat

    def _parameters(self, kind: inspect._ParameterKind) -> list[inspect.Parameter]:
        return [p for p in self.signature.parameters.values() if p.kind is kind]

    def _check(self, name: str, value: Any) -> None:
        adapter = self._adapters.get(name)
        if adapter is None:
            return
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in (name, *first["loc"]))
            raise InvalidArguments(f"{self.name}: {where}: {first['msg']}.", field=where) from None

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        """A checker for each argument whose annotation it can read."""
        adapters = {}
        for name, hint in _hints(self.function).items():
            parameter = self.signature.parameters.get(name)
            if parameter is None or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            try:
                adapters[name] = TypeAdapter(hint)
            except PydanticSchemaGenerationError:
                continue  # a type of the task's own, which JSON cannot hold anyway
        return adapters


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


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError):  # an annotation that only a type checker can read
        return {}


def plain(task: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as JSON gives them back."""
    try:
        text = json.dumps(arguments, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise _not_json(task, arguments) from None
    if _NUL.search(text):
        raise _not_json(task, arguments)
    if size > config().ARGUMENTS_LIMIT:
        largest = max(arguments, key=lambda name: len(json.dumps(arguments[name])))
        raise InvalidArguments(
            f"{task}: arguments are {size:,} bytes, the limit is {config().ARGUMENTS_LIMIT:,}. "
            f"Store what is large ({largest}) and pass its id.",
            field=largest,
        )
    return cast("dict[str, Any]", json.loads(text))


def _not_json(task: str, arguments: dict[str, Any]) -> InvalidArguments:
    for name, value in arguments.items():
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()
        except UnicodeEncodeError:
            return _unstorable(task, name, "half a surrogate pair")
        except (TypeError, ValueError, RecursionError) as error:
            return InvalidArguments(f"{task}: {name} is not JSON: {error}.", field=name)
        if _NUL.search(text):
            return _unstorable(task, name, "a NUL")
    return InvalidArguments(f"{task}: an argument's name is not text.", field="args")


def _unstorable(task: str, name: str, what: str) -> InvalidArguments:
    return InvalidArguments(f"{task}: {name} holds {what}, which the database cannot store. Strip it.", field=name)
