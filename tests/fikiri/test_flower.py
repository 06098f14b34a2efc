"""Who may go to Flower, and in whose name."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from fikiri import flower_login
from tests.jobs.states import put

pytestmark = pytest.mark.django_db


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


def test_the_proxy_lets_in_staff_who_may_change_jobs_by_name(client: Client) -> None:
    user = User.objects.create_user("jürgen@example.com", is_staff=True)
    client.force_login(user)
    assert client.get("/flower-access").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_job", content_type__app_label="jobs"))
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


def test_a_jobs_page_links_to_flower_where_there_is_one(admin_client: Client, settings: Settings) -> None:
    address = f"/admin/jobs/job/{put().pk}/change/"
    settings.FLOWER_URL = "https://fikiri.example/flower/"
    job = put()
    page = admin_client.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    assert f'href="https://fikiri.example/flower/task/{job.pk}"' in page
    settings.FLOWER_URL = ""
    assert "jobs-flower" not in admin_client.get(address).content.decode()
