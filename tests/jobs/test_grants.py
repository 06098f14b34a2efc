"""Roles: held by people and groups, on a queue or on all."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client, override_settings

from jobs import access, audit, grants
from jobs.access import Verb
from jobs.errors import Refused
from jobs.models import AuditEntry, Grant, Job, Role
from tests.jobs.api import states
from tests.jobs.states import alter

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann")


def fresh(user: User) -> User:
    """As the next request sees this user."""
    return User.objects.get(pk=user.pk)


def test_a_role_is_held_on_its_queue_only(ann: User) -> None:
    grants.grant(ann, "operator", queue="crm", by="root")
    assert access.may(fresh(ann), Verb.PAUSE, "crm")
    assert not access.may(fresh(ann), Verb.PAUSE, "email")
    assert not access.may(fresh(ann), Verb.PAUSE)
    assert access.queues(fresh(ann), Verb.PAUSE) == ["crm"]


def test_a_group_gives_its_members_its_role_and_the_highest_counts(ann: User) -> None:
    group = Group.objects.create(name="crm team")
    ann.groups.add(group)
    grants.grant(group, "admin", queue="crm", by="root")
    grants.grant(ann, "viewer", by="root")
    assert access.may(fresh(ann), Verb.REVEAL, "crm")
    assert access.queues(fresh(ann), Verb.SEE) == ["email", "ai", "crm"]


def test_a_grant_replaces_the_one_on_the_same_queue(ann: User) -> None:
    grants.grant(ann, "admin", by="root")
    grants.grant(ann, "viewer", by="root")
    assert list(Grant.objects.values_list("role", "by")) == [("viewer", "root")]


def test_an_inactive_user_may_nothing(ann: User) -> None:
    grants.grant(ann, "admin", by="root")
    User.objects.filter(pk=ann.pk).update(is_active=False)
    job = states.waiting(ann.pk)
    assert not access.may(fresh(ann), Verb.SEE, job)


@pytest.mark.parametrize(("role", "sees"), [("viewer", True), ("", False)])
def test_staff_without_a_grant_have_the_role_of_the_setting(role: str, sees: bool) -> None:
    with override_settings(JOBS={"STAFF_ROLE": role}):
        bea = User.objects.create_user("bea", is_staff=True)
        assert access.may(bea, Verb.SEE, "crm") is sees
        assert not access.may(bea, Verb.CANCEL, "crm")


def test_the_first_grant_of_a_staff_user_replaces_what_staff_have() -> None:
    with override_settings(JOBS={"STAFF_ROLE": "viewer"}):
        bea = User.objects.create_user("bea", is_staff=True)
        grants.grant(bea, "operator", queue="crm", by="root")
        assert not access.may(fresh(bea), Verb.SEE, "email")


def test_each_grant_is_recorded_with_what_was_before(ann: User) -> None:
    grants.grant(ann, "viewer", queue="crm", by="root", reason="new here")
    grants.grant(ann, "admin", queue="crm", by="root")
    grants.revoke(ann, queue="crm", by="root")
    entries = AuditEntry.objects.order_by("id").values_list("verb", "subject", "before", "after")
    assert list(entries) == [
        ("grant", "ann on crm", None, "viewer"),
        ("grant", "ann on crm", "viewer", "admin"),
        ("revoke", "ann on crm", "admin", None),
    ]
    assert audit.check().broken is None


def test_a_role_that_there_is_not_is_refused(ann: User) -> None:
    with pytest.raises(Refused, match="viewer, operator, admin"):
        grants.grant(ann, "king", by="root")
    with pytest.raises(Refused, match="no role on crm"):
        grants.revoke(ann, queue="crm", by="root")


def test_a_grant_is_of_a_user_or_of_a_group(ann: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(role=Role.VIEWER)


def test_what_is_visible_joins_nothing(ann: User) -> None:
    grants.grant(ann, "viewer", queue="crm", by="root")
    sql = str(Job.objects.visible_to(fresh(ann)).newest_first().query)
    assert "JOIN" not in sql
    assert "SELECT" not in sql.removeprefix("SELECT")


def test_the_command_gives_lists_and_takes_back(ann: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("grant", "ann", "operator", "--queue", "crm", "--json")
    assert json.loads(capsys.readouterr().out) == [
        {"who": "ann", "role": "operator", "queue": "crm", "by": Grant.objects.get().by}
    ]
    call_command("grant", "ann", "--queue", "crm", "--revoke")
    assert not Grant.objects.exists()
    assert AuditEntry.objects.filter(origin="command").count() == 2


@pytest.mark.parametrize("words", [["bob", "viewer"], ["ann"], ["ann", "king"], ["ann", "viewer", "--group"]])
def test_the_command_refuses_what_makes_no_sense(ann: User, words: list[str]) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("grant", *words)
    assert refusal.value.returncode == 2


def test_roles_are_given_changed_and_taken_back_in_the_admin(ann: User, admin_client: Client) -> None:
    admin_client.post("/admin/jobs/grant/add/", {"user": ann.pk, "role": "viewer", "queue": "crm", "reason": "new"})
    held = Grant.objects.get()
    assert (held.role, held.queue, held.by) == ("viewer", "crm", "admin")
    admin_client.post(f"/admin/jobs/grant/{held.pk}/change/", {"role": "operator", "reason": ""})
    admin_client.post(f"/admin/jobs/grant/{held.pk}/delete/", {"post": "yes"})
    assert list(AuditEntry.objects.order_by("id").values_list("verb", "after", "reason")) == [
        ("grant", "viewer", "new"), ("grant", "operator", ""), ("revoke", None, ""),
    ]  # fmt: skip


def test_the_admin_asks_for_a_user_or_a_group(admin_client: Client) -> None:
    response = admin_client.post("/admin/jobs/grant/add/", {"role": "viewer", "queue": ""})
    assert "Choose a user or a group" in response.content.decode()


def test_of_one_queue_everybody_sees_what_they_see_of_all(ann: User) -> None:
    bea, eve = User.objects.create_user("bea", is_staff=True), User.objects.create_user("eve")
    grants.grant(ann, "viewer", queue="crm", by="root")
    for queue in ("crm", "email"):
        for owner in (ann, bea, eve):
            alter(states.waiting(owner.pk), queue=queue)
    for user in (ann, bea, eve, User.objects.create_superuser("root")):
        for queue in ("crm", "email", "ai"):
            one, of_all = Job.objects.visible_on(fresh(user), queue), Job.objects.visible_to(fresh(user))
            assert set(one.values_list("pk")) == set(of_all.filter(queue=queue).values_list("pk"))
