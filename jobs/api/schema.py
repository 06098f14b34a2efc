"""The API's own description, OpenAPI 3.1: made of the shapes that the views take and give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Generic, Literal, NotRequired, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, TypeAdapter
from rest_framework.serializers import Serializer
from typing_extensions import TypedDict

from jobs.api import examples

REFS = "#/components/schemas/{model}"

_refusals: dict[str, Sequence[int]] = {}

T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])


class Answer(TypedDict, Generic[T]):
    """What every answer is wrapped in."""

    success: Literal[True]
    message: str
    data: T


class ErrorAnswer(TypedDict):
    """`code` is for programs, `error` for people, `field` names what is wrong."""

    success: Literal[False]
    error: str
    code: str
    field: NotRequired[str]


@dataclass(frozen=True)
class Failure:
    """An error that any address may answer."""

    status: int
    code: str
    error: str
    when: str
    only_writing: bool = False


FAILURES = (
    Failure(400, "INVALID_REQUEST", "limit is a whole number from 1 to 200.", "Something of the request is wrong."),
    Failure(401, "AUTHENTICATION_REQUIRED", "Log in, or send `Authorization: Token ...`.", "No login, no valid token."),
    Failure(403, "UNAUTHORIZED", "That is not yours to see or do.", "Not allowed, or not with this token."),
    Failure(404, "NOT_FOUND", "There is no such thing.", "There is none, or it is somebody else's."),
    Failure(405, "METHOD_NOT_ALLOWED", "There is no PUT here, only GET, POST.", "The address knows no such method."),
    Failure(
        406,
        "NOT_ACCEPTABLE",
        "Only application/json is answered here: ask for it, or leave Accept out.",
        "Only JSON is spoken here.",
    ),
    Failure(409, "WRONG_STATE", "Job ... is completed.", "It does not fit the state of the job.", only_writing=True),
    Failure(411, "LENGTH_REQUIRED", "Send the body with a Content-Length.", "A body in chunks.", only_writing=True),
    Failure(413, "REQUEST_TOO_LARGE", "The body is too large.", "More than 1 MiB.", only_writing=True),
    Failure(
        415, "UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json.", "The body is no JSON.", only_writing=True
    ),
    Failure(422, "KEY_REUSED", "...", "The Idempotency-Key came with another request before.", only_writing=True),
    Failure(429, "THROTTLED", "Too many requests.", "Wait for `Retry-After` seconds."),
    Failure(503, "QUEUE_UNAVAILABLE", "The database is away. Try again soon.", "The database is away."),
)

UUID = {"type": "string", "format": "uuid"}
NAME = {"type": "string", "maxLength": 150, "pattern": r"^[^/\x00]+$"}
PATHS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "job_id": ({"type": "string", "minLength": 1, "maxLength": 200}, "The job's id, or your own id for it."),
    "batch_id": (UUID, "The batch's id."),
    "queue": ({"type": "string", "pattern": "^[^/]+$", "examples": ["email"]}, "`email`, `ai` or `crm`."),
    "name": (NAME, "The name of the queue, the task or the schedule."),
    "user_id": ({"type": "string", "pattern": "^[^/]+$"}, "The user's number."),
    "effect_id": ({"type": "integer", "minimum": 0}, "The effect's number."),
    "mailbox_id": ({"type": "integer", "minimum": 0}, "The mailbox's number."),
    "key": (
        {"type": "string", "pattern": "^[^/]+$", "examples": ["dead:email"]},
        "The alert's rule and queue, or the hold's key.",
    ),
    "fingerprint": (
        {"type": "string", "pattern": "^[^/]+$", "examples": ["6e3ec7b935821f0c"]},
        "Of errors that are alike, as `GET /api/failures` has it.",
    ),
    "quarantined_id": ({"type": "integer", "minimum": 0}, "The message's number."),
    "grant_id": ({"type": "integer", "minimum": 0}, "The grant's number."),
    "token_key": ({"type": "string", "pattern": "^[^/]+$"}, "How the token begins, as the list has it."),
    "worker_id": (UUID, "The worker's id, as the list has it."),
    "lead_id": ({"type": "integer", "minimum": 0}, "The lead's number."),
    "message_id": ({"type": "integer", "minimum": 0}, "The message's number."),
    "mail_id": ({"type": "integer", "minimum": 0}, "The mail's number."),
    "rule_id": ({"type": "integer", "minimum": 0}, "The rule's number."),
    "follow_up_id": ({"type": "integer", "minimum": 0}, "The follow-up's number."),
    "suppression_id": ({"type": "integer", "minimum": 0}, "The suppressed address's number."),
}
SAME_AS_OTHERS = {
    ("/api/jobs/", "GET"),
    ("/api/jobs/", "POST"),
    ("/api/jobs/cancel", "GET"),
    ("/api/jobs/retry", "GET"),
    ("/api/mail/messages", "GET"),
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Any text of yours: the same request under the same key is done once, and answered the same again.",
)


def described(
    name: str,
    summary: str,
    gives: Any,
    *,
    takes: type[BaseModel] | type[Serializer[Any]] | Mapping[str, Any] | None = None,
    status: Sequence[int] = (200,),
    parameters: Sequence[OpenApiParameter] = (),
    headers: Sequence[OpenApiParameter] = (),
    media_type: str = "application/json",
    refuses: Sequence[int] = (),
) -> Callable[[View], View]:
    """What a method of a view takes and gives, for the schema.

    Args:
        name: The operation's, for programs that make clients.
        gives: The type of the answer's `data`; or the JSON schema of an answer that is not wrapped.
        takes: The model of the body, or a JSON schema.
        parameters: Of the query. Others are refused, where any is declared.
        refuses: Statuses of errors beside those that every address of its kind may answer.
    """
    answer = gives if isinstance(gives, Mapping) else _of(Answer[gives])
    _refusals[name] = refuses
    extend = extend_schema(
        operation_id=name,
        summary=summary,
        parameters=[*parameters, *headers],
        request=None if takes is None else {"application/json": _taken(takes)},
        responses={(code, media_type): answer for code in status},
    )

    def decorate(view: View) -> View:
        view.known_parameters = tuple(parameter.name for parameter in parameters)  # type: ignore[attr-defined]
        return extend(view)

    return decorate


def parameter(name: str, schema: Mapping[str, Any] | type, text: str) -> OpenApiParameter:
    """A parameter of the query."""
    return OpenApiParameter(name, schema, OpenApiParameter.QUERY, description=text)  # type: ignore[arg-type]


def limit(largest: int, default: int) -> OpenApiParameter:
    return parameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": largest, "default": default}, "How many at most."
    )


CURSOR = parameter(
    "cursor", {"type": "string", "pattern": "^([0-9a-fA-F-]{36}|t[0-9]{1,16})$"}, "The `next` of the page before."
)
REASON = parameter("reason", {"type": "string", "maxLength": 300}, "Why: kept with who did it.")
SEARCH = parameter(
    "q", {"type": "string", "maxLength": 500, "examples": ["status:dead queue:email"]}, "A search, as on the pages."
)


@cache
def document() -> dict[str, Any]:
    """The whole description. It is the same for everybody, and as long as the process lives."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


class Described(AutoSchema):
    """Adds what all addresses have in common: ids in the path, the key of a post."""

    def get_override_parameters(self) -> list[Any]:
        own: list[Any] = list(super().get_override_parameters())
        known = {each.name for each in own}
        path = [
            OpenApiParameter(
                name, dict(PATHS[name][0]), OpenApiParameter.PATH, required=True, description=PATHS[name][1]
            )
            for name in self._path_names()
            if name not in known
        ]
        return [*path, *own, *([IDEMPOTENCY_KEY] if self.method == "POST" else [])]

    def _path_names(self) -> list[str]:
        return [part.split("}")[0] for part in self.path.split("{")[1:]]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "jobs.api.authentication.Token"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ...`, made by `manage.py token USER --scope read|act|admin`.",
        }


class TimerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "jobs.api.tick.TickToken"
    name = "timer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "TICK_TOKEN of the settings."}


def only_api(endpoints: Sequence[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    """Preprocessing: what lies under /api/, each address once."""
    return [each for each in endpoints if each[0].startswith("/api/") and (each[0], each[2]) not in SAME_AS_OTHERS]


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: shared shapes get their place and their name, and every operation its errors."""
    result["paths"] = deepcopy(result["paths"])  # the views' own shapes stay whole, to be described again
    shapes = result["components"].setdefault("schemas", {})
    _hoist(result["paths"], shapes)
    error = _of(ErrorAnswer)
    _hoist(error, shapes)
    shapes["Error"] = error
    result["components"]["responses"] = {str(failure.status): _response(failure) for failure in FAILURES}
    for path in result["paths"].values():
        for method, operation in path.items():
            _declare_failures(operation, writing=method != "get")
            examples.show(operation, shapes)
    return result


def _of(shape: Any) -> dict[str, Any]:
    if isinstance(shape, Mapping):
        return dict(shape)
    return TypeAdapter(shape).json_schema(ref_template=REFS)


def _taken(shape: Any) -> Any:
    """A serializer describes itself."""
    return shape if isinstance(shape, type) and issubclass(shape, Serializer) else _of(shape)


def _hoist(node: Any, shapes: dict[str, Any]) -> None:
    """Move what a shape brings along to where its references point."""
    if isinstance(node, dict):
        found = node.pop("$defs", {})
        for name, shape in found.items():
            _hoist(shape, shapes)
            if shapes.setdefault(name, shape) != shape:  # one would be described as the other
                raise ValueError(f"Two shapes are called {name}: give each a name of its own.")
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _hoist(child, shapes)


def _response(failure: Failure) -> dict[str, Any]:
    example = {"success": False, "error": failure.error, "code": failure.code}
    content = {"application/json": {"schema": {"$ref": REFS.format(model="Error")}, "example": example}}
    response: dict[str, Any] = {"description": f"{failure.when}", "content": content}
    if failure.status == HTTPStatus.TOO_MANY_REQUESTS:
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return response


def _declare_failures(operation: dict[str, Any], *, writing: bool) -> None:
    for failure in FAILURES:
        if writing or not failure.only_writing or failure.status in _refusals[operation["operationId"]]:
            code = str(failure.status)
            operation["responses"].setdefault(code, {"$ref": f"#/components/responses/{code}"})
    body = operation.get("requestBody")
    if body and "$ref" not in (shape := body["content"]["application/json"]["schema"]):
        body["required"] = bool(shape.get("required"))
