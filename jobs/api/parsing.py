"""What clients send, before anything is believed: bounded JSON, checked bodies, checked parameters."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import IO, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

BIGGEST_ID = 2**63 - 1
DEEPEST = 64  # lists and objects within each other


class LengthRequired(exceptions.APIException):
    status_code = 411
    default_detail = "Send the body with a Content-Length, not in chunks."
    default_code = "length_required"


class Unreadable(exceptions.ParseError):
    default_code = "PARSE_ERROR"


class BoundedJSONParser(JSONParser):
    """JSON that can be written again, too: nested no deeper than everything behind can follow."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read()
        try:
            data = json.loads(body, parse_constant=_refuse_constant)
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            raise Unreadable(f"The body is not JSON: {error}.") from None
        _check_depth(data)
        return data


def storable(text: str) -> str:
    """Text that every database stores."""
    if "\x00" in text:
        raise ValueError("holds a NUL, which the database cannot store")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half a surrogate pair, which the database cannot store")
    return text


Text = Annotated[str, AfterValidator(storable)]


class Body(BaseModel):
    """A request's JSON object: no unknown field, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Reasoned(Body):
    reason: Annotated[Text, Field(max_length=300, examples=["the mail server is back"])] = ""


B = TypeVar("B", bound=Body)


def body_of(request: Request, shape: type[B]) -> B:
    """The request's body in this shape; no body is an empty object.

    Raises:
        exceptions.ValidationError: naming the field and what is wrong with it.
    """
    if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
        raise LengthRequired  # the framework would take it for no body at all
    return shaped(request.data or {}, shape)


def shaped(data: Any, shape: type[B]) -> B:
    """The same, of what was read already."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise exceptions.ValidationError(
            {name or "body": f"{name or 'body'}: {first['msg'].removeprefix('Value error, ')}."}
        ) from None


def known_parameters(request: Request, known: Iterable[str]) -> None:
    """Raises ValidationError for a query parameter that is not known: a typo must not widen the answer."""
    for name in request.query_params:
        if name not in known:
            raise exceptions.ValidationError({name: f"Unknown parameter. Known: {', '.join(known)}."})


def choices(request: Request, name: str, allowed: Iterable[str]) -> list[str]:
    """A parameter with one or more words of a list, separated by commas; empty when it is not given."""
    words = [word.strip() for word in request.query_params.get(name, "").split(",") if word.strip()]
    for word in words:
        if word not in allowed:
            raise exceptions.ValidationError({name: f"{name} is one or more of {', '.join(allowed)}, with commas."})
    return words


def text(request: Request, name: str, longest: int) -> str | None:
    value = request.query_params.get(name)
    if value is not None and (len(value) > longest or "\x00" in value):
        raise exceptions.ValidationError({name: f"{name} is text of at most {longest} characters."})
    return value


def whole(request: Request, name: str, default: int, largest: int) -> int:
    """A parameter with a whole number from 1 on."""
    value = request.query_params.get(name)
    return default if value is None else number(name, value, 1, largest)


def number(name: str, value: str, least: int, largest: int) -> int:
    """A whole number in plain digits.

    Raises:
        exceptions.ValidationError: naming the field and its range.
    """
    plain = value.isascii() and value.isdigit() and len(value) < 20
    if not (plain and least <= int(value) <= largest):
        raise exceptions.ValidationError({name: f"{name} is a whole number from {least} to {largest}."})
    return int(value)


def identifier(name: str, value: str) -> uuid.UUID:
    """Raises ValidationError, naming the field, for what is no id."""
    try:
        return uuid.UUID(value)
    except ValueError:
        raise exceptions.ValidationError({name: f"{name} is an id such as {uuid.UUID(int=0)}."}) from None


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(DEEPEST):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise _too_deep()


def _children(item: Any) -> Iterable[Any]:
    match item:
        case dict():
            return item.values()
        case list():
            return item
        case _:
            return ()


def _too_deep() -> Unreadable:
    return Unreadable(f"The body is nested deeper than {DEEPEST}.")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
