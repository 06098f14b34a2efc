"""The record of operators' acts."""

import pytest

from jobs import audit
from jobs.models import AuditEntry

pytestmark = pytest.mark.django_db


def three_acts() -> list[AuditEntry]:
    return [audit.record("pause", f"queue {name}", by="ann", after={"paused": True}) for name in ("a", "b", "c")]


def test_each_entry_holds_the_hash_of_the_one_before() -> None:
    first, second, third = three_acts()
    assert (first.previous_hash, second.previous_hash, third.previous_hash) == ("", first.hash, second.hash)
    assert audit.first_broken() is None


@pytest.mark.parametrize("column", ["by", "reason", "subject", "verb", "origin"])
def test_an_entry_that_was_changed_is_found(column: str) -> None:
    _, second, _ = three_acts()
    AuditEntry.objects.filter(pk=second.pk).update(**{column: "changed"})
    assert audit.first_broken() == second


def test_an_entry_that_was_removed_is_missed() -> None:
    _, second, third = three_acts()
    second.delete()
    assert audit.first_broken() == third


def test_what_no_database_stores_is_taken_out_of_a_reason() -> None:
    assert audit.record("pause", "queue a", by="ann\x00", reason="a\x00b, password=hunter2").reason == "ab, [removed]"
