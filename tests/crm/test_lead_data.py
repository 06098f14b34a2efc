from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.lead_data import LIMITS, BadLeadData, parse

MINIMUM: dict[str, Any] = {"user_id": 1, "email": "jane@acme.example"}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("user_id", None, "integer"),
        ("user_id", "1", "integer"),
        ("user_id", True, "integer"),
        ("user_id", 0, "greater than 0"),
        ("user_id", 2**70, "less than"),
        ("email", 7, "string"),
        ("email", "", "at least 1"),
        ("name", 7, "string"),
        ("name", "x" * 201, "at most 200"),
        ("company", ["Acme"], "string"),
        ("stage", "won", "must be one of new, contacted"),
        ("intent", "buy", "must be one of sales_enquiry"),
        ("urgency", "asap", "must be one of low, normal, high"),
        ("sentiment", "", "must be one of negative"),
        ("tags", "vip", "list"),
        ("tags", ["x" * 51], "at most 50"),
        ("tags", ["x"] * 51, "at most 50"),
        ("metadata", [], "dictionary"),
        ("metadata", {"x": "y" * 9000}, "at most 8192"),
        ("metadata", {"x": float("nan")}, "is not JSON"),
        ("metadata", {"x": "\0"}, "NUL"),
        ("metadata", {"x": "\ud800"}, "is not JSON"),
        ("occurred_at", "yesterday", "ISO 8601"),
        ("occurred_at", "99999-01-01", "ISO 8601"),
        ("occurred_at", "0001-01-01T00:00:00+05:00", "calendar"),
        ("occurred_at", 17, "datetime"),
        ("message_key", "", "at least 1"),
        ("own_addresses", "ada@fikiri.example", "list"),
        ("favourite", 1, "unknown key. Known: user_id, email"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_field(field: str, value: object, problem: str) -> None:
    with pytest.raises(BadLeadData) as caught:
        parse({**MINIMUM, field: value})
    assert caught.value.field == field
    assert caught.value.reason.startswith(f"lead_data.{field}: ")
    assert problem in caught.value.problem


@pytest.mark.parametrize("field", ["user_id", "email"])
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(BadLeadData, match=rf"lead_data\.{field}: is required"):
        parse({key: value for key, value in MINIMUM.items() if key != field})


def test_lead_data_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadLeadData, match="must be an object"):
        parse(["jane@acme.example"])  # type: ignore[arg-type]


def test_errors_do_not_repeat_the_value() -> None:
    with pytest.raises(BadLeadData) as caught:
        parse({**MINIMUM, "stage": "a secret"})
    assert "secret" not in caught.value.reason


def test_metadata_nested_without_end_is_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(5000):
        nested = {"x": nested}
    with pytest.raises(BadLeadData) as caught:
        parse({**MINIMUM, "metadata": nested})
    assert caught.value.field == "metadata"


def test_text_of_a_message_is_cut_to_its_column() -> None:
    long = {field: "x" * (limit + 100) for field, limit in LIMITS.items()}
    data = parse({**MINIMUM, **long, "tags": ["y" * 99] * 99, "message_key": "message:1"})
    assert {field: len(getattr(data, field)) for field in LIMITS} == LIMITS
    assert data.tags == ["y" * 50]


def test_text_is_made_printable_and_lines_stay_lines() -> None:
    data = parse({**MINIMUM, "name": " Jane\r\n\x00 Doe\ud800 ", "notes": " one\x00\ntwo\ud800 "})
    assert data.name == "Jane Doe"
    assert parse({**MINIMUM, "name": "\u202eenaJ \u0645\u06cc\u200c"}).name == "enaJ \u0645\u06cc\u200c"
    assert data.notes == "one\ntwo"


def test_tags_are_kept_once_in_their_order() -> None:
    assert parse({**MINIMUM, "tags": ["VIP", "berlin", " vip ", ""]}).tags == ["VIP", "berlin"]


def test_a_time_without_zone_is_utc_and_no_time_is_later_than_now() -> None:
    assert parse({**MINIMUM, "occurred_at": "2020-01-31T09:30:00"}).occurred_at == datetime(
        2020, 1, 31, 9, 30, tzinfo=UTC
    )
    future = datetime.now(UTC) + timedelta(days=900)
    late = parse({**MINIMUM, "occurred_at": future.isoformat()}).occurred_at
    assert late is not None
    assert late <= datetime.now(UTC)


def test_none_says_nothing() -> None:
    data = parse({**MINIMUM, "name": None, "tags": None, "message_key": None})
    assert data.name is None
    assert not data.automatic
