"""The record of operators' acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from jobs import audit, batches, quarantine, services
from jobs.app import LedgerCelery
from jobs.clock import Now
from jobs.models import AuditEntry, Effect, Quarantine
from jobs.origin import coming_from
from tests.jobs.api import states

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"by": "ann", "reason": "asked by the customer"}


def three_acts() -> list[AuditEntry]:
    return [audit.record("pause", f"queue {name}", by="ann", after={"paused": True}) for name in ("a", "b", "c")]


@pytest.fixture
def unguarded(db: None) -> None:
    """As for who can drop the triggers: the chain still tells."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE jobs_auditentry DISABLE TRIGGER jobs_audit_append_only")
            return
        for name in ("update", "delete", "replace"):
            cursor.execute(f"DROP TRIGGER jobs_audit_no_{name}")


def test_each_entry_holds_the_hash_of_the_one_before() -> None:
    first, second, third = three_acts()
    assert (first.previous_hash, second.previous_hash, third.previous_hash) == ("", first.hash, second.hash)
    assert (audit.check().broken, audit.head()) == (None, third.hash)


@pytest.mark.parametrize("column", ["by", "reason", "subject", "verb", "origin", "address"])
def test_an_entry_that_was_changed_is_found(unguarded: None, column: str) -> None:
    _, second, _ = three_acts()
    AuditEntry.objects.filter(pk=second.pk).update(**{column: "changed"})
    assert audit.check().broken == second


@pytest.mark.parametrize(("removed", "broken"), [(0, 1), (1, 2)])
def test_an_entry_that_was_removed_is_missed(unguarded: None, removed: int, broken: int) -> None:
    acts = three_acts()
    acts[removed].delete()
    assert audit.check().broken == acts[broken]


ATTACKS = {
    "update": "UPDATE jobs_auditentry SET reason = 'nothing'",
    "delete": "DELETE FROM jobs_auditentry",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_database_refuses_to_change_or_remove_an_entry(attack: str) -> None:
    three_acts()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    assert AuditEntry.objects.count() == 3
    assert audit.check().broken is None


@pytest.mark.only_on("sqlite")  # its own way to overwrite a row
def test_an_entry_is_not_replaced() -> None:
    first, *_ = three_acts()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT OR REPLACE INTO jobs_auditentry SELECT * FROM jobs_auditentry WHERE id = %s", [first.pk])


def test_what_no_database_stores_is_taken_out_of_a_reason() -> None:
    assert audit.record("pause", "queue a", by="ann\x00", reason="a\x00b, password=hunter2").reason == "ab, [removed]"


def test_an_entry_tells_from_where_it_came() -> None:
    with coming_from("REST", "10.0.0.7"):
        entry = audit.record("pause", "queue a", by="ann")
    assert (entry.origin, entry.address) == ("REST", "10.0.0.7")


def a_doubt() -> int:
    job = states.in_doubt()
    return Effect.objects.create(key="e", job=job, attempt=1, kind="mail", created_at=Now()).pk


def a_batch() -> Any:
    batch = batches.create("letters")
    states.waiting(batch_id=batch.pk)
    return batch.pk


def a_message() -> Any:
    made = Quarantine.objects.create(queue="crm", reason="not JSON", digest="ab", size=3, head="x")
    return Quarantine.objects.filter(pk=made.pk)


ACTS: dict[str, tuple[Callable[[], Any], str, Any, Any]] = {
    "cancel": (
        lambda: services.cancel(states.waiting().pk, **WHO),
        "job ",
        {"status": "pending", "cancel_requested": False},
        {"status": "cancelled", "cancel_requested": False},
    ),
    "retry": (
        lambda: services.retry(states.dead().pk, **WHO),
        "job ",
        {"status": "dead", "cancel_requested": False},
        {"status": "pending", "cancel_requested": False},
    ),
    "enqueue": (
        lambda: services.enqueue_by_hand("tests.greet", {"name": "Ada"}, by="ann"),
        "job ",
        None,
        {"task": "tests.greet", "owner_id": None},
    ),
    "delete": (
        lambda: quarantine.delete(a_message(), **WHO),
        "quarantined message ",
        {"queue": "crm", "reason": "not JSON", "digest": "ab", "size": 3},
        None,
    ),
}


@pytest.mark.parametrize("verb", ACTS)
def test_each_act_is_recorded_with_what_was_before_and_after(verb: str) -> None:
    act, subject, before, after = ACTS[verb]
    act()
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.by, entry.before, entry.after) == (verb, "ann", before, after)
    assert entry.subject.startswith(subject)


def test_resolving_a_doubt_is_recorded_with_the_answer() -> None:
    effect = a_doubt()
    services.resolve(effect, happened=True, **WHO)
    entry = AuditEntry.objects.get()
    assert entry.after is not None
    assert (entry.verb, entry.reason, entry.after["effect"], entry.after["happened"]) == (
        "resolve", WHO["reason"], effect, True,
    )  # fmt: skip


def test_cancelling_a_batch_or_a_queue_is_one_entry() -> None:
    batches.cancel(a_batch(), **WHO)
    states.waiting()
    services.clear_queue("crm", by="ann")
    assert list(AuditEntry.objects.order_by("id").values_list("verb", "after")) == [("cancel", {"cancelled": 1})] * 2


def test_an_act_that_changed_nothing_is_not_recorded() -> None:
    job = states.cancelled()
    before = AuditEntry.objects.count()
    services.cancel(job.pk, **WHO)
    assert AuditEntry.objects.count() == before


def test_what_code_does_without_a_name_is_no_persons_act() -> None:
    services.cancel(states.waiting().pk)
    assert not AuditEntry.objects.exists()


def test_revoking_and_steering_workers_from_celery_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    app = LedgerCelery("audited", broker="memory://", set_as_current=False)
    app.control.revoke(str(states.waiting().pk), terminate=True)
    app.control.pool_grow(2, destination=["box"])
    app.control.inspect(timeout=0.01).ping()
    entries = AuditEntry.objects.order_by("id").values_list("verb", "origin", "subject")
    assert [entry[:2] for entry in entries] == [("cancel", "celery control"), ("pool_grow", "celery control")]
    assert entries[1][2] == "worker box"


def test_the_command_lists_and_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    *_, third = three_acts()
    call_command("audit", "--subject", "queue b", "--json")
    assert [entry["subject"] for entry in json.loads(capsys.readouterr().out)] == ["queue b"]
    call_command("audit", "--verify", "--head", third.hash)
    assert capsys.readouterr().out == f"3 entries, all as they were written. Head: {third.hash}\n"


def test_the_command_fails_with_the_first_broken_entry(unguarded: None) -> None:
    _, second, _ = three_acts()
    AuditEntry.objects.filter(pk__gte=second.pk).update(by="nobody")
    with pytest.raises(CommandError, match=f"Entry {second.pk} ") as refusal:
        call_command("audit", "--verify")
    assert refusal.value.returncode == 1


def test_the_command_misses_what_was_cut_off(unguarded: None) -> None:
    *_, third = three_acts()
    third.delete()
    with pytest.raises(CommandError, match="is missing"):
        call_command("audit", "--verify", "--head", third.hash)
