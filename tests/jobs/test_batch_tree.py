"""A batch with those within it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import batch_tree
from jobs.clock import Now
from jobs.models import Batch

pytestmark = pytest.mark.django_db


def batch(name: str, parent: Batch | None = None) -> Batch:
    return Batch.objects.create(name=name, parent=parent, correlation_id="c", created_at=Now())


def test_all_that_is_below_is_found_level_by_level() -> None:
    root = batch("root")
    one, _ = batch("one", root), batch("two", root)
    batch("leaf", one)
    with CaptureQueriesContext(connection) as queries:
        tree = batch_tree.tree_of(root)
    assert [branch.batch.name for branch in tree.branches] == ["one", "two"]
    assert [branch.batch.name for branch in tree.branches[0].branches] == ["leaf"]
    assert len(queries) == 3


def test_too_much_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_tree, "MOST", 3)
    root = batch("root")
    for number in range(5):
        batch(str(number), root)
    assert len(batch_tree.tree_of(root).branches) == 2
