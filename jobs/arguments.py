"""A task's arguments: checked against its signature and types, and kept as JSON. For each job, so it is to be quick."""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Union, cast, get_args, get_origin, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from jobs.config import config
from jobs.errors import InvalidArguments

SCALARS: frozenset[type] = frozenset({str, int, float, bool, type(None)})  # what JSON gives back just as it was
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # in JSON text; a backslash before it would make it plain text
_encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


class Bound(NamedTuple):
    """Arguments by name, as JSON gives them back, and that JSON."""

    values: dict[str, Any]
    text: str


class Parameters:
    """What a task's function takes."""

    def __init__(self, task: str, function: Callable[..., Any], *, is_method: bool) -> None:
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())
        self.signature = signature.replace(parameters=parameters[1:] if is_method else parameters)
        self._task = task
        self._function = function

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """The arguments by name, checked against the signature, the types, JSON and the size limit.

        Args:
            kwargs: Where `args` is empty, all of them as `bind` names them: also what is positional only, and as a
                list what `*rest` takes.

        Raises:
            InvalidArguments: naming the argument and what is wrong with it.
        """
        if not args and not self._only_named:
            args, kwargs = self.unbind(kwargs)
        given = kwargs if not args and self._are_just_names(kwargs) else self._bind(args, kwargs)
        bound = plain(self._task, given if given is kwargs else self._flat(given))
        for name, value in given.items():
            if type(value) not in self._sure.get(name, ()):
                self._check(name, value)
        return bound

    def unbind(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The inverse of `bind`: positional and keyword arguments for the call."""
        named = dict(arguments)
        if self._only_named:
            return [], named
        rest = [value for p in self._of_kind(inspect.Parameter.VAR_POSITIONAL) for value in self._rest(p.name, named)]
        by_place = inspect.Parameter.POSITIONAL_OR_KEYWORD if rest else inspect.Parameter.POSITIONAL_ONLY
        places = [p for p in self.signature.parameters.values() if p.kind <= by_place]
        while places and not rest and places[-1].name not in named:
            places.pop()
        before: list[Any] = []
        for parameter in places:  # one that is left out has to be in its place, where there is one after it
            if parameter.name not in named and parameter.default is parameter.empty:
                return before, named  # which does not fit, and is refused
            before.append(named.pop(parameter.name, parameter.default))
        return [*before, *rest], named

    def _rest(self, name: str, named: dict[str, Any]) -> Sequence[Any]:
        rest = named.pop(name, ())
        if not isinstance(rest, list | tuple):
            raise InvalidArguments(f"{self._task}: {name} is to be a list.", field=name)
        return rest

    def _are_just_names(self, kwargs: Mapping[str, Any]) -> bool:
        """Whether it is plain to see that they fit. `Signature.bind` finds the words where they do not."""
        return self._only_named and self._needed <= kwargs.keys() <= self.signature.parameters.keys()

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise InvalidArguments(f"{self._task}: {error}. It takes {self.signature}.", field="args") from None

    def _flat(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        flat = dict(arguments)
        for parameter in self._of_kind(inspect.Parameter.VAR_KEYWORD):
            more = flat.pop(parameter.name, {})
            if twice := flat.keys() & more.keys():
                raise InvalidArguments(f"{self._task}: {min(twice)} is given twice.", field=min(twice))
            flat |= more
        return flat

    def _of_kind(self, kind: inspect._ParameterKind) -> list[inspect.Parameter]:
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
            raise InvalidArguments(f"{self._task}: {where}: {first['msg']}.", field=where) from None

    @cached_property
    def _only_named(self) -> bool:
        return all(p.kind in NAMED for p in self.signature.parameters.values())

    @cached_property
    def _needed(self) -> frozenset[str]:
        return frozenset(p.name for p in self.signature.parameters.values() if p.default is p.empty)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The type of each argument that has one, as far as it can be read."""
        try:
            hints = get_type_hints(self._function)
        except (NameError, TypeError):  # an annotation that only a type checker can read
            return {}
        named = {p.name for p in self.signature.parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        return {name: hint for name, hint in hints.items() if name in named}

    @cached_property
    def _sure(self) -> dict[str, frozenset[type]]:
        """For each argument the types whose every value its annotation allows: those need no checker."""
        return {name: _scalars(hint) for name, hint in self.hints.items()}

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        """A checker for each argument whose annotation it can read."""
        adapters = {}
        for name, hint in self.hints.items():
            try:
                adapters[name] = TypeAdapter(hint)
            except PydanticSchemaGenerationError:
                continue  # a type of the task's own, which JSON cannot hold anyway
        return adapters


def plain(task: str, arguments: Mapping[str, Any]) -> Bound:
    """The arguments as JSON gives them back.

    Raises:
        InvalidArguments: naming the argument that JSON or the database cannot hold, or the largest of too much.
    """
    try:
        text = _encode(arguments if isinstance(arguments, dict) else dict(arguments))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise _not_json(task, arguments) from None
    if "\\u0000" in text and _NUL.search(text):
        raise _not_json(task, arguments)
    if size > config().ARGUMENTS_LIMIT:
        largest = max(arguments, key=lambda name: len(json.dumps(arguments[name])))
        raise InvalidArguments(
            f"{task}: arguments are {size:,} bytes, the limit is {config().ARGUMENTS_LIMIT:,}. "
            f"Store what is large ({largest}) and pass its id.",
            field=largest,
        )
    if all(type(value) in SCALARS for value in arguments.values()) and all(type(name) is str for name in arguments):
        return Bound(dict(arguments), text)
    return Bound(cast("dict[str, Any]", json.loads(text)), text)


def _scalars(hint: Any) -> frozenset[type]:
    if hint is Any:
        return SCALARS
    if get_origin(hint) in (Union, types.UnionType):
        return frozenset(kind for one in get_args(hint) for kind in _scalars(one))
    return frozenset(kind for kind in SCALARS if kind is hint)


def _not_json(task: str, arguments: Mapping[str, Any]) -> InvalidArguments:
    for name, value in arguments.items():
        try:
            text = _encode(value)
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
