"""The API's description is complete, valid and true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from rest_framework.exceptions import APIException
from rest_framework.test import APIClient

from jobs.api import schema
from jobs.errors import Refused
from tests.docs import pages
from tests.jobs.api import states

# another spelling of /api/jobs; a page; another of /api/messages; for Google alone
LEFT_OUT = {"/api/jobs/", "/api/docs", "/api/mail/messages", "/api/mail/gmail/push"}

T = TypeVar("T")


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("/api/") and "^" not in path:
            yield path


def plain(path: str) -> str:
    return (
        path.replace("<path:", "{").replace("<uuid:", "{").replace("<str:", "{").replace("<int:", "{").replace(">", "}")
    )


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in schema.document()["paths"].items()
        for method, operation in item.items()
    ]


@pytest.mark.long
def test_it_is_valid_and_made_without_a_warning() -> None:
    schema.document.cache_clear()
    GENERATOR_STATS.reset()
    document = schema.document()
    validate_schema(document)  # type: ignore[no-untyped-call]
    assert (document["openapi"], dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache)) == (
        "3.1.0",
        {},
        {},
    )


def test_every_address_is_in_it() -> None:
    known = {plain(path) for path in addresses(get_resolver().url_patterns)}
    assert known - LEFT_OUT == set(schema.document()["paths"])


def test_every_operation_has_a_name_and_declares_its_errors() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, method, operation in operations():
        assert {"400", "401", "403", "404", "429", "503"} <= set(operation["responses"])
        assert method == "get" or {"409", "422"} <= set(operation["responses"])


def test_every_body_that_must_be_sent_has_an_example() -> None:
    for path, _, operation in operations():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for name in body.get("required", []):
            told = body["properties"][name]
            assert "examples" in told or told.get("type") == "boolean", (path, name)


def test_every_code_of_an_error_is_on_the_page() -> None:
    told = {code.strip("`") for row in pages.rows(pages.DOCS / "api.md") for code in row[0].split(", ")}
    known = {failure.code for failure in schema.FAILURES} | {
        Refused.code,
        *(refusal.code for refusal in refusals(Refused)),
    }
    ours = {error for error in refusals(APIException) if not error.__module__.startswith("rest_framework")}
    known |= {str(error.default_code).upper() for error in ours}
    assert known - told == set()


def refusals(kind: type[T]) -> Iterator[type[T]]:
    """Every class of refusals that any address may answer with."""
    for own in kind.__subclasses__():
        yield own
        yield from refusals(own)


def test_an_answer_is_as_described(as_owner: APIClient, owner: User) -> None:
    states.completed(owner.pk, result=1)
    answer = as_owner.get("/api/jobs").json()
    document = schema.document()
    told = document["paths"]["/api/jobs"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(answer, told | {"components": document["components"]})


def test_it_is_given_to_users(as_owner: APIClient, anonymous: APIClient) -> None:
    assert as_owner.get("/api/schema").json()["openapi"] == "3.1.0"
    assert anonymous.get("/api/schema").status_code == 401


def test_the_page_to_try_it_loads_nothing_from_elsewhere(as_owner: APIClient, anonymous: APIClient) -> None:
    page = as_owner.get("/api/docs").content.decode()
    assert "swagger-ui-bundle" in page
    assert "://" not in page.replace("http://www.w3.org", "")
    assert "<script>" not in page
    assert anonymous.get("/api/docs").headers["Location"].startswith("/admin/login/")


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that is sent or answered as JSON, by where."""
    for path, method, operation in operations():
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in contents:
            if body := content.get("content", {}).get("application/json"):
                yield f"{method} {path}", body


def test_everything_that_is_sent_or_answered_has_a_whole_example_that_fits() -> None:
    document = schema.document()
    wrong = []
    for where, body in bodies():
        whole = {**body["schema"], "components": document["components"]}
        checked = jsonschema.Draft202012Validator(whole)
        wrong += [f"{where}: {error.message}" for error in checked.iter_errors(body["example"])]
    assert wrong == []


def test_examples_read_like_answers() -> None:
    answered = schema.document()["paths"]["/api/jobs/{job_id}"]["get"]["responses"]["200"]["content"]
    example = answered["application/json"]["example"]
    assert (example["success"], example["data"]["task"], example["data"]["error"]) == (True, "send_email", None)
