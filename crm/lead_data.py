"""What `update_crm` takes: checked field by field before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from crm.models import MAX_NOTES
from crm.text import lines, one_line, whole
from crm.words import Intent, Sentiment, Stage, Urgency
from jobs.errors import Fail

MAX_METADATA = 8192  # bytes as JSON
MAX_TAGS = 50
MAX_TAG = 50
# Characters. What a message says is cut to these; what a caller says is refused beyond them.
LIMITS = {"email": 1000, "name": 200, "phone": 50, "company": 200, "source": 100, "notes": MAX_NOTES, "activity": 500}


class BadLeadData(Fail):
    """lead_data cannot be used. `field` names the key that is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"lead_data.{field}: {problem}", code="INVALID_LEAD_DATA")
        self.field = field
        self.problem = problem


def _in_utc(value: object) -> object:
    """ISO 8601 text as an aware time; without a time zone it is UTC, and never later than now."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("give a time as ISO 8601, such as 2030-01-31T09:30:00+00:00") from None
    if not isinstance(value, datetime):
        return value
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return min(aware.astimezone(UTC), datetime.now(UTC))
    except OverflowError:
        raise ValueError("lies outside of the calendar") from None


def _tags(tags: list[str]) -> list[str]:
    """Each tag once, whatever its case, in the order given."""
    once: dict[str, str] = {}
    for tag in map(one_line, tags):
        once.setdefault(tag.casefold(), tag)
    return [tag for tag in once.values() if tag]


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(metadata, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except ValueError:
        raise ValueError("is not JSON: NaN, infinity and broken Unicode are not allowed") from None
    if "\\u0000" in text:
        raise ValueError("must not contain a NUL character")
    if size > MAX_METADATA:
        raise ValueError(
            f"is {size} bytes as JSON, at most {MAX_METADATA} are allowed: store the object elsewhere, pass its id"
        )
    return metadata


def _word(words: type[Stage] | type[Intent] | type[Urgency] | type[Sentiment]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in words.values:
            raise ValueError(f"must be one of {', '.join(words.values)}")
        return value

    return AfterValidator(check)


def _cleaned(clean: Callable[[str], str]) -> BeforeValidator:
    """Clean text before it is checked; what is no text is left to the check."""
    return BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)


def _line(field: str) -> Any:
    return Annotated[str, Field(max_length=LIMITS[field]), _cleaned(one_line)]


class LeadData(BaseModel):
    """What is known of a person who may become a lead. None: not said, so nothing changes.

    With a `message_key` it is what a message says (see `automatic`), without one what a person or product code says.

    Attributes:
        user_id: Whose contact it is.
        email: As it was written; `crm.addresses.normalise` makes it one spelling.
        occurred_at: When it happened, in UTC, never later than now.
        message_key: Names a message; the same key of a user counts once.
        own_addresses: The user's own addresses: they make no lead.
        activity: One line for the history.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    user_id: Annotated[int, Field(gt=0, lt=2**63)]
    email: Annotated[str, Field(min_length=1, max_length=LIMITS["email"]), _cleaned(whole)]
    name: _line("name") | None = None  # type: ignore[valid-type]
    phone: _line("phone") | None = None  # type: ignore[valid-type]
    company: _line("company") | None = None  # type: ignore[valid-type]
    source: _line("source") | None = None  # type: ignore[valid-type]
    stage: Annotated[str, _word(Stage)] | None = None
    notes: Annotated[str, Field(max_length=LIMITS["notes"]), _cleaned(lines)] | None = None
    tags: (
        Annotated[list[Annotated[str, Field(max_length=MAX_TAG)]], Field(max_length=MAX_TAGS), AfterValidator(_tags)]
        | None
    ) = None
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_small)] | None = None
    intent: Annotated[str, _word(Intent)] | None = None
    urgency: Annotated[str, _word(Urgency)] | None = None
    sentiment: Annotated[str, _word(Sentiment)] | None = None
    occurred_at: Annotated[datetime, BeforeValidator(_in_utc)] | None = None
    message_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    own_addresses: Annotated[list[str], Field(max_length=1000)] = []
    activity: _line("activity") = ""  # type: ignore[valid-type]

    @property
    def automatic(self) -> bool:
        """Said by a message: it fills blanks and moves a stage forward, and overwrites nothing."""
        return self.message_key is not None

    @property
    def is_message(self) -> bool:
        """A message that this person wrote, once the classifier has read it."""
        return self.automatic and self.intent is not None


def parse(lead_data: Mapping[str, object]) -> LeadData:
    """lead_data, checked.

    Raises:
        BadLeadData: naming the field, what is wrong with it and what to do.
    """
    if not isinstance(lead_data, Mapping):
        raise BadLeadData("user_id", "lead_data must be an object with user_id and email.")
    data = dict(lead_data)
    if data.get("message_key") is not None:
        data = {field: _cut(field, value) for field, value in data.items()}
    try:
        return LeadData.model_validate(data)
    except ValidationError as error:
        raise _explained(error.errors(include_url=False, include_input=False)[0]) from None


def _cut(field: str, value: object) -> object:
    """Text of a message, no longer than its column: a stranger's long name must not fail the update."""
    if isinstance(value, str) and field in LIMITS:
        return value[: LIMITS[field]]
    if field == "tags" and isinstance(value, list):
        return [tag[:MAX_TAG] if isinstance(tag, str) else tag for tag in value[:MAX_TAGS]]
    return value


def _explained(problem: ErrorDetails) -> BadLeadData:
    field = str(problem["loc"][0]) if problem["loc"] else "user_id"
    if problem["type"] == "extra_forbidden":
        return BadLeadData(one_line(field)[:50], f"unknown key. Known: {', '.join(LeadData.model_fields)}.")
    if problem["type"] == "missing":
        return BadLeadData(field, "is required.")
    return BadLeadData(field, problem["msg"].removeprefix("Value error, ") + ".")
