"""Google's own description of the API, as its client ships it: what an answer has to look like."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient

TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}


@cache
def document() -> dict[str, Any]:
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    found: dict[str, Any] = json.loads((folder / "gmail.v1.json").read_text())
    return found


def answer_of(call: str) -> str:
    """The name of the schema that a call answers with; empty where its body is."""
    part = document()["resources"]["users"]
    *resources, method = call.split(".")
    for resource in resources:
        part = part["resources"][resource]
    return str(part["methods"][method].get("response", {}).get("$ref", ""))


def problems(call: str, answer: dict[str, Any] | None) -> list[str]:
    """In what an answer differs from its description."""
    schema = answer_of(call)
    if answer is None:
        return [f"{call} has to answer with {schema}"] if schema else []
    return [f"{call}: {problem}" for problem in _differences(answer, {"$ref": schema}, schema)]


def _differences(value: Any, schema: dict[str, Any], at: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = document()["schemas"][schema["$ref"]]
    match schema.get("type", "any"):
        case "any":
            return
        case "object":
            yield from _of_object(value, schema.get("properties", {}), at)
        case "array" if isinstance(value, list):
            for number, inner in enumerate(value):
                yield from _differences(inner, schema["items"], f"{at}[{number}]")
        case "array":
            yield f"{at} is no list"
        case kind:
            yield from _of_plain(value, kind, schema, at)


def _of_object(value: Any, properties: dict[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at} is no object"
        return
    for name, inner in value.items():
        if name in properties:
            yield from _differences(inner, properties[name], f"{at}.{name}")
        else:
            yield f"{at} has no {name}"


def _of_plain(value: Any, kind: str, schema: dict[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield f"{at} is no {kind}"
    elif schema.get("format") in ("uint64", "int64") and not str(value).isdecimal():
        yield f"{at} is no number in a string"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of {schema['enum']}"
