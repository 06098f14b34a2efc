"""Successes of short jobs are settled in small groups."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import DatabaseError

from jobs import child, lifecycle, settling
from jobs.config import config
from jobs.lifecycle import Claim
from jobs.settling import GroupSettler
from tests.jobs.states import result, row, running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def in_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_is_child", True)


@pytest.mark.usefixtures("in_a_pool")
@pytest.mark.parametrize(("task", "groups"), [("echo", True), ("have_effect", False), ("rename_user", False)])
def test_only_what_may_run_again_is_settled_late(task: str, groups: bool) -> None:
    assert settling.may_group(running(task=task)) is groups


@pytest.mark.usefixtures("in_a_pool")
def test_a_job_that_others_follow_is_settled_at_once() -> None:
    assert not settling.may_group(replace(running(), workflow={"chain": [{}]}))


def test_without_a_pool_each_is_settled_at_once() -> None:
    assert not settling.may_group(running())


def test_a_group_is_as_large_as_the_setting_says_and_no_larger() -> None:
    settler = GroupSettler()
    claims = [running() for _ in range(config().GROUP + 3)]
    for claim in claims:
        settler.add((claim, "1"))
    sizes = []
    for _ in range(2):
        group = settler._next_group()
        settler._write(group)
        sizes.append(len(group))
    assert sizes == [config().GROUP, 3]
    assert {row(claim.id).status for claim in claims} == {"completed"}


def test_one_that_cannot_be_written_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real = lifecycle.complete

    def one_by_one(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
        if len(outcomes) > 1:
            raise DatabaseError("one of them cannot be written")
        return real(outcomes)

    claims = [running() for _ in range(3)]
    monkeypatch.setattr(lifecycle, "complete", one_by_one)
    GroupSettler()._write([(claim, str(number)) for number, claim in enumerate(claims)])
    assert [(row(claim.id).status, result(claim.id).result) for claim in claims] == [
        ("completed", str(number)) for number in range(3)
    ]
