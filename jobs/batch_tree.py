"""A batch with the batches within it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from jobs.models import Batch

MOST = 500  # batches of one tree


@dataclass
class Branch:
    batch: Batch
    branches: list[Branch] = field(default_factory=list)


def tree_of(batch: Batch) -> Branch:
    """With all that is below it, one query for each level; what is too much is left out."""
    root = Branch(batch)
    level: dict[uuid.UUID | None, Branch] = {batch.pk: root}
    seen = 1
    while level and seen < MOST:
        following: dict[uuid.UUID | None, Branch] = {}
        for child in Batch.objects.filter(parent__in=level).order_by("created_at", "pk")[: MOST - seen]:
            following[child.pk] = Branch(child)
            level[child.parent_id].branches.append(following[child.pk])
        level, seen = following, seen + len(following)
    return root
