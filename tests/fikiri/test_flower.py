"""Who may go to Flower, and in whose name."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from flower.api import BaseApiHandler
from flower.urls import handlers
from pytest_django import Settings
from tornado.escape import xhtml_escape
from tornado.template import DictLoader

from fikiri import flower_login, flower_roles
from jobs.models import Role
from tests.jobs import wellness
from tests.jobs.api.people import a_user, with_role
from tests.jobs.states import HERE, put

pytestmark = pytest.mark.django_db


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


def test_the_proxy_lets_in_staff_who_see_every_queue_by_name(client: Client) -> None:
    user = User.objects.create_user("jürgen@example.com", is_staff=True)
    client.force_login(user)
    with_role(user, Role.ADMIN, "email")
    assert client.get("/flower-access").status_code == 403
    with_role(user, Role.VIEWER)
    answer = client.get("/flower-access")
    assert (answer.status_code, answer.content) == (204, b"")
    assert flower_login.person({"X-Fikiri-User": answer["X-Fikiri-User"]}) == "jürgen@example.com ()"


def test_the_proxy_lets_in_no_stranger_and_nobody_by_what_they_say(client: Client) -> None:
    assert client.get("/flower-access").status_code == 401
    assert client.get("/flower-access", headers={"X-Fikiri-User": "root"}).status_code == 401
    assert client.post("/flower-access").status_code == 405


def test_users_who_are_no_staff_are_not_let_in(client: Client) -> None:
    client.force_login(User.objects.create_user("jane"))
    assert client.get("/flower-access").status_code == 403


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ({"Authorization": basic("ann:secret")}, "ann"),
        ({"Authorization": basic("ops:secret"), "X-Fikiri-User": "ann"}, "ann (ops)"),
        ({"Authorization": "Basic ???"}, ""),
        ({}, ""),
    ],
)
def test_who_acts_is_the_logins_user_and_whom_the_proxy_let_in(headers: dict[str, str], who: str) -> None:
    assert flower_login.person(headers) == who


def test_its_threads_know_in_whose_name_they_work() -> None:
    name: ContextVar[str] = ContextVar("name", default="nobody")
    name.set("ann")
    with flower_login.ContextExecutor(1) as ours, ThreadPoolExecutor(1) as plain:
        assert (ours.submit(name.get).result(), plain.submit(name.get).result()) == ("ann", "nobody")


def test_a_task_points_to_its_job() -> None:
    task = flower_login.format_task(SimpleNamespace(uuid="7", args="()", kwargs="{}"))
    assert task.args == "/admin/jobs/job/7/"


def test_its_page_there_leads_back_to_the_job(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://fikiri.example"
    loader = DictLoader({"task.html": "<dd><code>{{ task.args }}</code></dd>"})
    show = flower_login.with_way_back(lambda handler, name, **words: loader.load(name).generate(**words))
    for task_id in ("7", '"><script>'):
        task = flower_login.format_task(SimpleNamespace(uuid=task_id, args="", kwargs=""))
        address = xhtml_escape(f"/admin/jobs/job/{task_id}/")
        assert f'<a href="https://fikiri.example{address}">{address}</a>' in show(None, "task.html", task=task).decode()


def test_a_jobs_page_links_to_flower_where_there_is_one(admin_client: Client, settings: Settings) -> None:
    address = f"/admin/jobs/job/{put().pk}/change/"
    settings.FLOWER_URL = "https://fikiri.example/flower/"
    job = put()
    page = admin_client.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    assert f'href="https://fikiri.example/flower/task/{job.pk}"' in page
    settings.FLOWER_URL = ""
    assert "jobs-flower" not in admin_client.get(address).content.decode()


def test_in_flower_people_may_what_their_role_allows() -> None:
    wellness.worker(["email"])
    job, worker = put(), HERE.name
    with_role(a_user("looks"), Role.VIEWER)
    with_role(a_user("steers"), Role.OPERATOR, "email")
    with_role(a_user("elsewhere"), Role.OPERATOR, "crm")
    asked = [
        [flower_roles.may((login, ""), check, name) for check, name in _acts(str(job.pk), worker)]
        for login in ("looks", "steers", "elsewhere", "an account of Flower's own")
    ]
    assert asked == [[False] * 4, [True] * 4, [False] * 4, [True] * 4]


def test_who_the_proxy_let_in_has_to_be_there_and_may_no_more_than_the_login() -> None:
    job = str(put().pk)
    with_role(a_user("looks"), Role.VIEWER)
    with_role(a_user("steers"), Role.OPERATOR)
    people = [("own", "looks"), ("own", "steers"), ("looks", "steers"), ("steers", "looks"), ("own", "gone")]
    asked = [flower_roles.may(both, flower_roles._may_cancel, job) for both in people]
    assert asked == [False, True, False, False, False]


def test_the_owner_of_a_job_may_cancel_it_in_flower_too() -> None:
    jane = a_user("jane")
    assert flower_roles.may(("own", "jane"), flower_roles._may_cancel, str(put(owner_id=jane.pk).pk))


def test_every_handler_that_changes_something_asks_for_a_role() -> None:
    asking = {handler for handlers in flower_roles.STEERED.values() for handler in handlers}
    changing = {rule[1] for rule in handlers if isinstance(rule, tuple) and issubclass(rule[1], BaseApiHandler)}
    changing = {handler for handler in changing if "post" in handler.__dict__}
    assert changing == asking


def _acts(job_id: str, worker: str) -> list[tuple[flower_roles.Check, str]]:
    return [
        (flower_roles._may_cancel, job_id),
        (flower_roles._may_enqueue, "echo"),
        (flower_roles._may_limit, "echo"),
        (flower_roles._may_stop, worker),
    ]
