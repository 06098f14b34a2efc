"""Whole examples for the API's description, made of the shapes: a field's own example, else what fits its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 6  # shapes within each other
OF_FORMATS = {
    "uuid": "01a2092a-82c2-769a-9611-a26b79d4a12e",
    "date-time": "2026-11-26T12:00:00Z",
    "date": "2026-11-26",
    "email": "jane@example.com",
    "uri": "https://example.com/",
}
OF_TYPES: Mapping[str, Any] = {"string": "text", "boolean": True, "null": None, "object": {}, "array": []}

Shape = Mapping[str, Any]


def show(operation: dict[str, Any], shapes: Mapping[str, Any]) -> None:
    """A whole example beside each shape that is sent or answered."""
    sent = operation.get("requestBody", {}).get("content", {})
    answered = [answer.get("content", {}) for answer in operation["responses"].values()]
    for content, sparing in ((sent, True), *((content, False) for content in answered)):
        for media_type, body in content.items():
            if media_type == "application/json" and "example" not in body:
                body["example"] = example_of(body["schema"], shapes, sparing=sparing)


def example_of(shape: Shape, shapes: Mapping[str, Shape], *, sparing: bool = False, depth: int = 0) -> Any:
    """What somebody might send or get.

    Args:
        shapes: Those that references name.
        sparing: Only what an object has to have, or has an example of: for what is sent.
    """
    if "$ref" in shape:
        return example_of(shapes[shape["$ref"].rpartition("/")[2]], shapes, sparing=sparing, depth=depth + 1)
    if own := _own(shape):
        return own[0]
    if choices := shape.get("anyOf") or shape.get("oneOf"):
        return _of_choices(choices, shapes, sparing, depth)
    if whole := shape.get("allOf"):
        return example_of(whole[0], shapes, sparing=sparing, depth=depth)
    return _of_type(shape, shapes, sparing, depth)


def _own(shape: Shape) -> list[Any]:
    """What the shape itself gives, the best first."""
    listed = [*_given(shape), *shape.get("enum", ())]
    return listed + [shape[name] for name in ("example", "const", "default") if name in shape]


def _of_type(shape: Shape, shapes: Mapping[str, Shape], sparing: bool, depth: int) -> Any:
    kind = shape.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return _of_object(shape, shapes, sparing, depth)
    if kind == "array" and "items" in shape and depth < DEEPEST:
        return [example_of(shape["items"], shapes, sparing=sparing, depth=depth + 1)]
    if kind in ("integer", "number"):
        return shape.get("minimum", shape.get("exclusiveMinimum", 0) + 1)
    return OF_FORMATS.get(str(shape.get("format")), OF_TYPES.get(str(kind)))


def _of_choices(choices: list[Shape], shapes: Mapping[str, Shape], sparing: bool, depth: int) -> Any:
    """What may be missing is missing, unless it has an example."""
    nullable = any(choice.get("type") == "null" for choice in choices)
    first = next(choice for choice in choices if choice.get("type") != "null")
    return None if nullable and not first.get("examples") else example_of(first, shapes, sparing=sparing, depth=depth)


def _given(shape: Shape) -> list[Any]:
    """Examples of the shape, or of what it may be."""
    return [example for one in (shape, *shape.get("anyOf", ())) for example in one.get("examples", ())]


def _of_object(shape: Shape, shapes: Mapping[str, Shape], sparing: bool, depth: int) -> dict[str, Any]:
    required = shape.get("required", ())
    return {
        name: example_of(field, shapes, sparing=sparing, depth=depth + 1)
        for name, field in shape.get("properties", {}).items()
        if not sparing or name in required or _given(field)
    }
