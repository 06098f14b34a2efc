"""Every person, every verb, on their own queue and on another one. A cell is `crm/email`; the roles are held on crm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from jobs.clock import Now
from jobs.models import Alert, Batch, Effect, Grant, Job, Quarantine, QueueControl, Role, Schedule, TaskControl
from tests.jobs.api import states

pytestmark = [pytest.mark.django_db, pytest.mark.long]

PEOPLE = ("stranger", "other", "owner", "viewer", "operator", "admin", "all viewer", "all operator", "all admin")
QUEUES = ("crm", "email")
TASKS = {"crm": "tests.greet", "email": "echo"}
BODIES = {
    "/api/alerts/dead:{queue}/take": {"reason": "mine"},
    "/api/alerts/dead:{queue}/silence": {"reason": "known", "seconds": 60},
}
ARGS = {"crm": {"name": "Ada"}, "email": {"value": 1}}

# method and address, then for each of the people the status on crm and on email
REST = """
get  /api/jobs/{job}              401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
get  /api/jobs/{job}/why          401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
post /api/jobs/{job}/cancel       401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
post /api/jobs/{dead}/retry       401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get  /api/jobs?parent_id={job}    401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
get  /api/jobs?cursor={job}       401/401 400/400 200/200 200/400 200/400 200/400 200/200 200/200 200/200
post /api/jobs                    401/401 403/403 403/403 403/403 202/403 202/403 403/403 202/202 202/202
post /api/queues/{queue}/pause    401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post /api/queues/{queue}/resume   401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post /api/tasks/{task}/pause      401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post /api/tasks/{task}/resume     401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
get  /api/batches/{batch}         401/401 404/404 200/200 404/404 404/404 404/404 200/200 200/200 200/200
post /api/batches/{batch}/cancel  401/401 404/404 200/200 404/404 404/404 404/404 403/403 200/200 200/200
get  /api/jobs/user/{owner}/recent 401/401 403/403 200/200 200/200 200/200 200/200 200/200 200/200 200/200
post /api/alerts/dead:{queue}/take     401/401 404/404 404/404 403/404 200/404 200/404 403/403 200/200 200/200
post /api/alerts/dead:{queue}/silence  401/401 404/404 404/404 403/404 200/404 200/404 403/403 200/200 200/200
get  /metrics                     401/401 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
"""

# The same in the admin, where everybody but the stranger is staff. 302 from there leads to the login; a foreign page is
# 404, or 302 to the first page where the admin says it is missing.
ADMIN = """
get  jobs/job/{job}/change/              302/302 302/302 200/200 200/302 200/302 200/302 200/200 200/200 200/200
get  jobs/job/{job}/cancel/              302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get  jobs/job/{dead}/retry/              302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get  jobs/job/{doubt}/resolve/{effect}/  302/302 404/404 403/403 403/404 200/404 200/404 403/403 200/200 200/200
get  jobs/attempt/{attempt}/change/      302/302 403/403 403/403 200/302 200/302 200/302 200/200 200/200 200/200
get  jobs/effect/{effect}/change/        302/302 403/403 403/403 200/302 200/302 200/302 200/200 200/200 200/200
get  jobs/queuecontrol/                  302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
post jobs/queuecontrol/{queue}/change/   302/302 403/403 403/403 403/403 302/403 302/403 403/403 302/302 302/302
post jobs/taskcontrol/{task}/change/     302/302 403/403 403/403 403/403 302/403 302/403 403/403 302/302 302/302
get  jobs/schedule/{schedule}/change/    302/302 403/403 403/403 200/302 200/302 200/302 200/200 200/200 200/200
get  jobs/schedule/{schedule}/delete/    302/302 403/403 403/403 403/403 403/403 200/302 403/403 403/403 200/200
get  jobs/schedule/add/                  302/302 403/403 403/403 403/403 403/403 200/200 403/403 403/403 200/200
get  jobs/batch/{batch}/change/          302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
get  jobs/quarantine/{message}/change/   302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
post jobs/quarantine/{message}/delete/   302/302 403/403 403/403 403/403 403/403 403/403 403/403 302/302 302/302
get  jobs/alerts/                        302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get  jobs/alerts/dead:{queue}/           302/302 403/403 403/403 403/404 200/404 200/404 403/403 200/200 200/200
get  jobs/job/{job}/change-turn/         302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get  jobs/workerbeat/                    302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get  jobs/auditentry/                    302/302 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get  jobs/grant/                         302/302 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get  knox/authtoken/                     302/302 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get  django_celery_results/taskresult/   302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
get  django_celery_results/groupresult/  302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
"""


def rows(table: str) -> list[tuple[str, str, str, str, int]]:
    """Method, address, person, queue, status: one for each cell."""
    found = []
    for line in table.strip().splitlines():
        method, address, *cells = line.split()
        assert len(cells) == len(PEOPLE), line
        for person, cell in zip(PEOPLE, cells, strict=True):
            found += [
                (method, address, person, queue, int(status))
                for queue, status in zip(QUEUES, cell.split("/"), strict=True)
            ]
    return found


def person(name: str, *, enters_admin: bool = False) -> User | None:
    if name == "stranger":
        return None
    user = User.objects.create_user(name, is_staff=enters_admin)
    where, _, role = name.rpartition(" ")
    if role in Role.values:
        Grant.objects.create(user=user, role=role, queue="" if where else "crm")
    return user


def address_of(template: str, queue: str, owner: int | None) -> str:
    options: dict[str, Any] = {"task": TASKS[queue], "args": ARGS[queue]}
    doubt = states.in_doubt(owner, **options)
    effect = Effect.objects.create(key="e", job=doubt, attempt=1, kind="mail", created_at=Now())
    QueueControl.objects.create(name=queue)
    TaskControl.objects.create(name=TASKS[queue])
    Alert.objects.create(key=f"dead:{queue}", rule="dead", subject=queue, text="t", since=Now(), seen_at=Now())
    schedule = Schedule.objects.create(name="s", task=TASKS[queue], every=60, created_at=Now())
    return template.format(
        queue=queue,
        task=TASKS[queue],
        owner=owner,
        doubt=doubt.pk,
        effect=effect.pk,
        schedule=schedule.pk,
        job=states.waiting(owner, **options).pk,
        dead=states.dead(owner, **options).pk,
        attempt=states.failed(owner, **options).attempts.get().pk,
        batch=Batch.objects.create(owner_id=owner, correlation_id="x", created_at=Now()).pk,
        message=Quarantine.objects.create(queue=queue, reason="not JSON", digest="ab", size=3, head="x").pk,
    )


@pytest.mark.parametrize(("method", "address", "who", "queue", "status"), rows(REST))
def test_over_rest(method: str, address: str, who: str, queue: str, status: int) -> None:
    owner = User.objects.create_user("its owner")
    user = owner if who == "owner" else person(who)
    client = APIClient()
    if user:
        client.force_login(user)
    body = BODIES.get(address, {"task": TASKS[queue], "args": ARGS[queue]} if address == "/api/jobs" else None)
    assert getattr(client, method)(address_of(address, queue, owner.pk), body, format="json").status_code == status


@pytest.mark.parametrize(("method", "address", "who", "queue", "status"), rows(ADMIN))
def test_in_the_admin(method: str, address: str, who: str, queue: str, status: int) -> None:
    owner = User.objects.create_user("its owner", is_staff=True)
    user = owner if who == "owner" else person(who, enters_admin=True)
    client = Client()
    if user:
        client.force_login(user)
    path = "/admin/" + address_of(address, queue, owner.pk)
    response = getattr(client, method)(path, {"post": "yes"} if method == "post" else None)
    assert response.status_code == status
    leads_to_login = "/login/" in response.headers.get("Location", "")
    assert leads_to_login == (who == "stranger")


SEEN = {  # how many of four jobs, two of the owner's on each queue and two of the system's, and how many may be steered
    "other": (0, 0), "owner": (2, 2), "viewer": (2, 0), "operator": (2, 2), "admin": (2, 2),
    "all viewer": (4, 0), "all operator": (4, 4), "all admin": (4, 4),
}  # fmt: skip


@pytest.fixture
def four_jobs(db: None) -> tuple[User, list[Job]]:
    owner = User.objects.create_user("its owner", is_staff=True)
    return owner, [states.dead(of, task=TASKS[queue], args=ARGS[queue]) for queue in QUEUES for of in (owner.pk, None)]


@pytest.fixture
def client_of(four_jobs: tuple[User, list[Job]]) -> Callable[[str], APIClient]:
    def client(who: str) -> APIClient:
        made = APIClient()
        user = four_jobs[0] if who == "owner" else person(who, enters_admin=True)
        assert user is not None
        made.force_login(user)
        return made

    return client


@pytest.mark.parametrize(("who", "counts"), SEEN.items())
def test_lists_counts_and_bulk_verbs_hold_what_the_person_may(
    who: str, counts: tuple[int, int], client_of: Callable[[str], APIClient], four_jobs: tuple[User, list[Job]]
) -> None:
    client = client_of(who)
    seen, steered = counts
    assert client.get("/api/jobs").json()["data"]["count"] == seen
    stats = [client.get(f"/api/jobs/queue/{queue}/stats").json()["data"]["stats"] for queue in QUEUES]
    assert sum(stat["total_jobs"] for stat in stats) == seen
    preview = client.post("/api/jobs/retry", {"dry_run": True}, format="json").json()["data"]
    assert preview["count"] == steered
    done = client.post("/api/jobs/retry", {"token": preview["token"]}, format="json").json()["data"]
    assert done["retried"] == steered


@pytest.mark.parametrize(("who", "counts"), SEEN.items())
def test_the_list_of_the_admin_and_its_actions_hold_what_the_person_may(
    who: str, counts: tuple[int, int], client_of: Callable[[str], APIClient], four_jobs: tuple[User, list[Job]]
) -> None:
    client = client_of(who)
    text = client.get("/admin/jobs/job/").content.decode()
    assert sum(str(job.pk) in text for job in four_jobs[1]) == counts[0]
    chosen = [str(job.pk) for job in four_jobs[1]]
    client.post("/admin/jobs/job/", {"action": "retry_selected", "_selected_action": chosen, "confirmed": "1"})
    by_actions = 0 if who == "owner" else counts[1]  # an owner without a role presses the button of each
    assert Job.objects.filter(status="pending").count() == by_actions
