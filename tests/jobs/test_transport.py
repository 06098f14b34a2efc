"""Which messages reach a worker at all."""

import base64
import contextlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import doorbell
from jobs.clock import aware
from jobs.lifecycle import Due
from jobs.transport import Malformed, sound


def message() -> dict[str, Any]:
    due = Due(uuid.UUID(int=7), "echo", 285, 300, aware("2026-01-02 03:04:05"))
    rendered: dict[str, Any] = json.loads(doorbell.render(due, "email"))
    return rendered


def test_our_own_message_is_sound() -> None:
    assert sound(json.dumps(message()).encode(), "email") == message()


@pytest.mark.parametrize("item", [b"", b"x", b"[]", b"7", b"null", b"\xff\xfe", b"[" * 50_000], ids=range(7))
def test_what_is_no_object_is_malformed_on_any_list(item: bytes) -> None:
    for queue in ("email", "worker@host.celery.pidbox"):
        with pytest.raises(Malformed):
            sound(item, queue)


def test_a_control_message_is_celerys_own_affair() -> None:
    assert sound(b'{"body": "anything"}', "worker@host.celery.pidbox") == {"body": "anything"}


def test_too_large_a_message_is_not_even_read() -> None:
    with pytest.raises(Malformed, match="larger than 65536 bytes"):
        sound(json.dumps(message() | {"more": "x" * 70_000}).encode(), "email")


@pytest.mark.parametrize("name", ["eta", "expires"])
def test_a_time_in_a_message_is_refused(name: str) -> None:
    timed = message()
    timed["headers"][name] = "2026-01-01T00:00:00+00:00"
    with pytest.raises(Malformed, match="in the ledger"):
        sound(json.dumps(timed).encode(), "email")


def test_arguments_in_a_message_are_refused() -> None:
    bodies: list[Any] = [[["a"], {}, {}], [[], {"a": 1}, {}], [[], {}], [[], {}, []], {}, "text"]
    for body in bodies:
        encoded = base64.b64encode(json.dumps(body).encode()).decode()
        with pytest.raises(Malformed, match="arguments come with the claim"):
            sound(json.dumps(message() | {"body": encoded}).encode(), "email")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(part=st.sampled_from(["headers", "properties", ""]), name=st.integers(0, 30), value=anything)
def test_whatever_is_changed_it_is_sound_or_malformed_and_nothing_else(part: str, name: int, value: Any) -> None:
    changed = message()
    inner = changed[part] if part else changed
    inner[sorted(inner)[name % len(inner)]] = value
    with contextlib.suppress(Malformed):
        sound(json.dumps(changed).encode(), "email")
