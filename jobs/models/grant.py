"""Who has which role on which queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser, Group
from django.db import models
from django.db.models import Q

from jobs.config import config

User = AbstractUser | AnonymousUser
KEPT_ON_USER = "_jobs_standing"  # like Django's own permissions: for as long as this user object, a request


class Role(models.TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


RANK = {Role.VIEWER: 1, Role.OPERATOR: 2, Role.ADMIN: 3}


class Grant(models.Model):
    """A role of a user, or of a group's members, on one queue or on all. The highest one counts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey(Group, models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)
    queue = models.CharField(max_length=32, blank=True, help_text="Empty for all queues, and for what has no queue.")
    by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(user__isnull=False) ^ Q(group__isnull=False), name="grant_of_one"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_role_known"),
            models.UniqueConstraint(fields=["user", "queue"], name="grant_user_once", condition=Q(user__isnull=False)),
            models.UniqueConstraint(
                fields=["group", "queue"], name="grant_group_once", condition=Q(group__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of_whom} {self.role} of {self.queue or 'all queues'}"

    @property
    def of_whom(self) -> str:
        return f"group {self.group}" if self.group_id else str(self.user)


@dataclass(frozen=True)
class Standing:
    """A user's rank on all queues, and on single ones. 0 is none."""

    everywhere: int = 0
    queues: Mapping[str, int] = field(default_factory=dict)

    def on(self, queue: str | None) -> int:
        """The rank on a queue; of None, on what concerns all of them."""
        return max(self.everywhere, self.queues.get(queue, 0) if queue else 0)

    @property
    def anywhere(self) -> int:
        return max([self.everywhere, *self.queues.values()])

    def queues_from(self, role: Role) -> list[str] | None:
        """The queues on which it is this role or a higher one; None for all."""
        if self.everywhere >= RANK[role]:
            return None
        return sorted(queue for queue, rank in self.queues.items() if rank >= RANK[role])

    def reach(self, role: Role, owner_id: int | None = None) -> Q:
        """What a job must be: on such a queue, or this owner's. No join, so that lists keep their indexes."""
        queues = self.queues_from(role)
        if queues is None:
            return Q()
        own = Q(owner_id=-1 if owner_id is None else owner_id)
        return own | Q(queue__in=queues) if queues else own


def standing_of(user: User) -> Standing:
    """One query for each user object, none for a superuser."""
    found = getattr(user, KEPT_ON_USER, None)
    if found is None:
        found = _standing(user)
        setattr(user, KEPT_ON_USER, found)
    return found


def _standing(user: User) -> Standing:
    if not (user.is_authenticated and user.is_active):
        return Standing()
    if user.is_superuser:
        return Standing(RANK[Role.ADMIN])
    theirs: Any = Q(user=user.pk) | Q(group__user=user.pk)
    granted = list(Grant.objects.filter(theirs).order_by().values_list("queue", "role"))
    if not granted:
        usual = config().STAFF_ROLE if user.is_staff else ""
        return Standing(RANK[Role(usual)] if usual else 0)
    ranks: dict[str, int] = {}
    for queue, role in granted:
        ranks[queue] = max(ranks.get(queue, 0), RANK[Role(role)])
    return Standing(ranks.pop("", 0), ranks)
