"""Two workers at once, on real transactions."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection

from crm.models import Activity, Contact, Lead
from crm.services import move_to_stage, save_edit, score_again, upsert_lead
from crm.words import Stage

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 4


def at_once(*work: Callable[[], object]) -> list[BaseException]:
    """Run these in threads that start together. Returns what they raised."""
    barrier = Barrier(len(work))
    errors: list[BaseException] = []

    def run(one: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            one()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors


@pytest.fixture
def owner() -> User:
    return get_user_model().objects.create_user("ada", "ada@fikiri.example")


def mail(owner: User, number: int, **more: Any) -> dict[str, Any]:
    return {
        "user_id": owner.pk,
        "email": "jane@acme.example",
        "intent": "sales_enquiry",
        "message_key": f"m:{number}",
        **more,
    }


def test_workers_with_the_same_new_lead_make_one_and_lose_no_message(owner: User) -> None:
    for person in range(5):
        email = f"p{person}@acme.example"
        work = [lambda n=n: upsert_lead(mail(owner, person * 100 + n, email=email)) for n in range(WORKERS)]  # noqa: B023
        assert at_once(*work) == []
    assert Lead.objects.count() == Contact.objects.count() == 5
    assert set(Contact.objects.values_list("messages", flat=True)) == {WORKERS}


def test_the_same_message_in_several_workers_counts_once(owner: User) -> None:
    assert at_once(*[lambda: upsert_lead(mail(owner, 1))] * WORKERS) == []
    assert Contact.objects.get().messages == 1
    assert Activity.objects.count() == 1


def test_a_person_and_a_worker_who_write_at_once_lose_nothing(owner: User) -> None:
    upsert_lead(mail(owner, 0))
    for number in range(1, 6):
        seen = Lead.objects.get()
        seen.company = f"Acme {number}"
        errors = at_once(
            lambda: save_edit(seen, ["company"], by_id=owner.pk),  # noqa: B023
            lambda: upsert_lead(mail(owner, number, metadata={str(number): True})),  # noqa: B023
        )
        assert errors == []
        assert Lead.objects.get().company == f"Acme {number}"
        assert score_again([seen.pk]) == 0  # nobody judged by what the other had replaced
    assert Lead.objects.get().metadata.keys() == {"1", "2", "3", "4", "5"}
    assert Contact.objects.get().messages == 6


def test_an_edit_and_a_move_at_once_are_both_kept(owner: User) -> None:
    upsert_lead(mail(owner, 0))
    for number, stage in enumerate(Stage):
        seen = Lead.objects.get()
        seen.company = f"Acme {number}"
        errors = at_once(
            lambda: save_edit(seen, ["company"], by_id=owner.pk),  # noqa: B023
            lambda: move_to_stage([seen.pk], stage),  # noqa: B023
        )
        assert errors == []
        assert Lead.objects.values_list("company", "stage").get() == (f"Acme {number}", stage)


def test_stages_move_while_messages_come_without_a_deadlock(owner: User) -> None:
    for person in range(5):
        upsert_lead(mail(owner, person, email=f"p{person}@acme.example"))
    ids = list(Lead.objects.values_list("pk", flat=True))
    messages = [lambda n=n: upsert_lead(mail(owner, 100 + n, email=f"p{4 - n}@acme.example")) for n in range(3)]
    assert at_once(lambda: move_to_stage(ids, Stage.BOOKED), *messages) == []
    assert set(Lead.objects.values_list("stage", flat=True)) == {"booked"}
    assert score_again(ids) == 0
