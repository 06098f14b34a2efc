"""Every person, every verb, on their own queue and on another one. A cell is `crm/email`; the roles are held on crm.

An address of the resolver that has no row fails `test_every_address_has_a_row`.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import resolve
from rest_framework.test import APIClient

from jobs import broker, lifecycle, services, tokens
from jobs.api import urls
from jobs.clock import Now
from jobs.models import (
    Alert,
    Batch,
    Effect,
    Grant,
    Job,
    Quarantine,
    QueueControl,
    Role,
    Schedule,
    Silence,
    TaskControl,
    WorkerBeat,
)
from tests.fikiri.test_every_address import ROUTES
from tests.jobs.api import states

pytestmark = [pytest.mark.django_db, pytest.mark.long]

PEOPLE = ("stranger", "other", "owner", "viewer", "operator", "admin", "all viewer", "all operator", "all admin")
QUEUES = ("crm", "email")
TASKS = {"crm": "tests.greet", "email": "echo"}
ARGS = {"crm": {"name": "Ada"}, "email": {"value": 1}}
BODIES: dict[str, dict[str, Any]] = {  # by the whole address, or by its last word
    "take": {"reason": "mine"},
    "silence": {"reason": "known", "seconds": 60},
    "resolve": {"happened": True, "reason": "I looked"},
    "change": {"delay": 60},
    "reveal": {"reason": "the customer asks"},
    "jobs/cancel": {"q": "status:waiting", "dry_run": True},
    "jobs/retry": {"dry_run": True},
    "slots": {"slots": 3},
    "grants": {"user": "its owner", "role": "viewer"},
    "tick": {"seconds": 0.001},
}

# method and address, then for each of the people the status on crm and on email
REST = """
get    jobs                      401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs?parent_id={job}      401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
get    jobs?cursor={job}         401/401 400/400 200/200 200/400 200/400 200/400 200/200 200/200 200/200
post   jobs                      401/401 403/403 403/403 403/403 202/403 202/403 403/403 202/202 202/202
get    jobs/{job}                401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
post   jobs/{job}/cancel         401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
post   jobs/{dead}/retry         401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
post   jobs/{job}/copy           401/401 404/404 403/403 403/404 202/404 202/404 403/403 202/202 202/202
post   jobs/{job}/run-now        401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
post   jobs/{job}/change         401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/{job}/result         401/401 404/404 409/409 409/404 409/404 409/404 409/409 409/409 409/409
post   jobs/{job}/reveal         401/401 404/404 403/403 403/404 403/404 200/404 403/403 403/403 200/200
get    jobs/{job}/why            401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
get    jobs/{job}/history        401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
post   jobs/cancel               401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
post   jobs/retry                401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/queue/{queue}/stats  401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/user/{owner}/recent  401/401 403/403 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    batches                   401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    batches/{batch}           401/401 404/404 200/200 404/404 404/404 404/404 200/200 200/200 200/200
post   batches/{batch}/cancel    401/401 404/404 200/200 404/404 404/404 404/404 403/403 200/200 200/200
get    failures                  401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    failures/{cause}          401/401 404/404 200/200 200/404 200/404 200/404 200/200 200/200 200/200
post   failures/{cause}/stage    401/401 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get    effects                   401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
post   effects/{effect}/resolve  401/401 404/404 403/403 403/404 200/404 200/404 403/403 200/200 200/200
get    alerts                    401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
post   alerts/{alert}/take       401/401 404/404 404/404 403/404 200/404 200/404 403/403 200/200 200/200
post   alerts/{alert}/silence    401/401 404/404 404/404 403/404 200/404 200/404 403/403 200/200 200/200
post   alerts/{silent}/speak     401/401 404/404 404/404 403/404 200/404 200/404 403/403 200/200 200/200
get    holds                     401/401 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
post   holds/{hold}/release      401/401 403/403 403/403 403/403 403/403 403/403 403/403 200/200 200/200
get    workers                   401/401 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
post   workers/{worker}/stop     401/401 404/404 404/404 403/404 202/404 202/404 403/403 202/202 202/202
post   workers/{worker}/slots    401/401 404/404 404/404 403/404 202/404 202/404 403/403 202/202 202/202
post   queues/{queue}/pause      401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post   queues/{queue}/resume     401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post   tasks/{task}/pause        401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post   tasks/{task}/resume       401/401 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
get    schedules                 401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
post   schedules                 401/401 403/403 403/403 403/403 403/403 201/403 403/403 403/403 201/201
get    schedules/{named}         401/401 404/404 404/404 200/404 200/404 200/404 200/200 200/200 200/200
patch  schedules/{named}         401/401 404/404 404/404 403/404 403/404 200/404 403/403 403/403 200/200
delete schedules/{named}         401/401 404/404 404/404 403/404 403/404 200/404 403/403 403/403 200/200
post   schedules/{named}/pause   401/401 404/404 404/404 403/404 403/404 200/404 403/403 403/403 200/200
post   schedules/{named}/resume  401/401 404/404 404/404 403/404 403/404 200/404 403/403 403/403 200/200
post   schedules/{named}/run-now 401/401 404/404 404/404 403/404 403/404 202/404 403/403 403/403 202/202
get    overview                  401/401 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    tasks                     401/401 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    quarantine                401/401 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
delete quarantine/{message}      401/401 403/403 403/403 403/403 403/403 403/403 403/403 200/200 200/200
get    audit                     401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    audit/verify              401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    grants                    401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
post   grants                    401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
delete grants/{grant}            401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    tokens                    401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
delete tokens/{token}            401/401 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    tick                      401/401 403/403 403/403 403/403 403/403 403/403 403/403 405/405 405/405
post   tick                      401/401 403/403 403/403 403/403 403/403 403/403 403/403 200/200 200/200
get    /metrics                  401/401 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
"""

# The same in the admin, where everybody but the stranger is staff. 302 from there leads to the login; a foreign page is
# 404, or 302 to the first page where the admin says it is missing.
ADMIN = """
get    jobs/overview/                      302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/failures/                      302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/failures/{cause}/              302/302 403/403 403/403 200/404 200/404 200/404 200/200 200/200 200/200
post   jobs/failures/{cause}/              302/302 403/403 403/403 403/403 200/404 200/404 403/403 200/200 200/200
get    jobs/doubt/                         302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/alerts/                        302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/alerts/{alert}/                302/302 403/403 403/403 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/queues/                        302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/queues/pause/task/?name={task} 302/302 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
get    jobs/queues/pause/queue/{queue}/    302/302 403/403 403/403 403/403 200/403 200/403 403/403 200/200 200/200
post   jobs/queues/pause/queue/{queue}/    302/302 403/403 403/403 403/403 302/403 302/403 403/403 302/302 302/302
get    jobs/holds/{hold}/release/          302/302 403/403 403/403 403/403 403/403 403/403 403/403 200/200 200/200
post   jobs/holds/{hold}/release/          302/302 403/403 403/403 403/403 403/403 403/403 403/403 302/302 302/302
get    jobs/workers/                       302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/workers/{worker}/slots/        302/302 403/403 403/403 403/403 200/302 200/302 403/403 200/200 200/200
get    jobs/workers/{worker}/stop/         302/302 403/403 403/403 403/403 200/302 200/302 403/403 200/200 200/200
get    jobs/enqueue/                       302/302 403/403 403/403 403/403 200/200 200/200 403/403 200/200 200/200
get    jobs/job/                           302/302 200/200 200/200 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/job/{job}/change/              302/302 302/302 200/200 200/302 200/302 200/302 200/200 200/200 200/200
get    jobs/job/{job}/cancel/              302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/job/{dead}/retry/              302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/job/{job}/run-now/             302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/job/{job}/copy/                302/302 404/404 403/403 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/job/{job}/change-turn/         302/302 404/404 200/200 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/job/{doubt}/resolve/{effect}/  302/302 404/404 403/403 403/404 200/404 200/404 403/403 200/200 200/200
get    jobs/job/{job}/reveal/              302/302 404/404 403/403 403/404 403/404 200/404 403/403 403/403 200/200
get    jobs/attempt/                       302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/attempt/{attempt}/change/      302/302 403/403 403/403 200/302 200/302 200/302 200/200 200/200 200/200
get    jobs/jobevent/                      302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/effect/                        302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/effect/{effect}/change/        302/302 403/403 403/403 200/302 200/302 200/302 200/200 200/200 200/200
get    jobs/queuecontrol/                  302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
post   jobs/queuecontrol/{queue}/change/   302/302 403/403 403/403 403/403 302/403 302/403 403/403 302/302 302/302
get    jobs/taskcontrol/                   302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
post   jobs/taskcontrol/{task}/change/     302/302 403/403 403/403 403/403 302/403 302/403 403/403 302/302 302/302
get    jobs/schedule/                      302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/schedule/{schedule}/change/    302/302 403/403 403/403 200/302 200/302 200/302 200/200 200/200 200/200
get    jobs/schedule/{schedule}/run-now/   302/302 403/403 403/403 403/404 403/404 200/404 403/403 403/403 200/200
post   jobs/schedule/{schedule}/pause/     302/302 403/403 403/403 403/404 403/404 302/404 403/403 403/403 302/302
post   jobs/schedule/{schedule}/resume/    302/302 403/403 403/403 403/404 403/404 302/404 403/403 403/403 302/302
get    jobs/schedule/{schedule}/delete/    302/302 403/403 403/403 403/403 403/403 200/302 403/403 403/403 200/200
get    jobs/schedule/add/                  302/302 403/403 403/403 403/403 403/403 200/200 403/403 403/403 200/200
get    jobs/batch/                         302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
get    jobs/batch/{batch}/change/          302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
get    jobs/batch/{batch}/cancel/          302/302 403/403 403/403 403/403 403/403 403/403 403/403 200/200 200/200
post   jobs/batch/{batch}/cancel/          302/302 403/403 403/403 403/403 403/403 403/403 403/403 302/302 302/302
get    jobs/quarantine/                    302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
get    jobs/quarantine/{message}/change/   302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
post   jobs/quarantine/{message}/delete/   302/302 403/403 403/403 403/403 403/403 403/403 403/403 302/302 302/302
get    jobs/workerbeat/                    302/302 403/403 403/403 200/200 200/200 200/200 200/200 200/200 200/200
get    jobs/auditentry/                    302/302 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    jobs/grant/                         302/302 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    knox/authtoken/                     302/302 403/403 403/403 403/403 403/403 403/403 403/403 403/403 200/200
get    django_celery_results/taskresult/   302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
get    django_celery_results/groupresult/  302/302 403/403 403/403 403/403 403/403 403/403 200/200 200/200 200/200
"""

OF_DJANGO = re.compile(r"admin/jobs/\w+/(add/|<path:object_id>/.*)$")  # shut by what shuts the list of the model
OF_ALL = {  # for every user: their own, or nothing of anybody; a stream of one job begins like the job
    ("get", "api/jobs/"), ("post", "api/jobs/"), ("get", "api/jobs/suggest"), ("get", "api/jobs/retry"),
    ("get", "api/jobs/cancel"), ("get", "api/paused"), ("get", "api/queues"), ("get", "api/schema"),
    ("get", "api/docs"), ("get", "api/events"), ("get", "api/jobs/<path:job_id>/events"),
}  # fmt: skip
PARTS = {"effect": 1, "grant": 1, "message": 1, "attempt": 1, "schedule": 1, "owner": 1} | {
    name: uuid.UUID(int=1) for name in ("job", "dead", "doubt", "worker", "batch")
}


def rows(table: str) -> list[tuple[str, str, str]]:
    """Method, address, and the cells as they stand there."""
    lines = (line.split(maxsplit=2) for line in table.strip().splitlines())
    return [(method, address, " ".join(cells.split())) for method, address, cells in lines]


def person(name: str, *, enters_admin: bool = False) -> User | None:
    if name == "stranger":
        return None
    user = User.objects.create_user("its owner" if name == "owner" else name, is_staff=enters_admin)
    where, _, role = name.rpartition(" ")
    if role in Role.values:
        Grant.objects.create(user=user, role=role, queue="" if where else "crm")
    return user


def things(queue: str, owner: int | None) -> dict[str, Any]:
    """Of everything one thing, of this queue and this owner."""
    options: dict[str, Any] = {"task": TASKS[queue], "args": ARGS[queue]}
    doubt, failed = states.in_doubt(owner, **options), states.failed(owner, error=f"no {queue}", **options)
    effect = Effect.objects.create(key=f"e {queue}", job=doubt, attempt=1, kind="mail", created_at=Now())
    QueueControl.objects.create(name=queue)
    TaskControl.objects.create(name=TASKS[queue])
    Alert.objects.create(key=f"dead:{queue}", rule="dead", subject=queue, text="t", since=Now(), seen_at=Now())
    Silence.objects.create(key=f"slow:{queue}", until=Now(600), by="ann", reason="known")
    services.hold(f"door:{queue}", "the door is shut")
    lifecycle.park(states.claimed(states.waiting(owner, **options)), f"door:{queue}", "the door is shut")
    beat = {"name": f"{queue}@h", "host": "h", "pid": 1, "queues": [queue], "slots": 2, "pool": "prefork"}
    worker = WorkerBeat.objects.create(boot=uuid.uuid4(), started_at=Now(), beat_at=Now(600), **beat)
    somebody = User.objects.create_user(f"granted {queue}")
    granted = Grant.objects.create(user=somebody, role="viewer", queue=queue)
    return {
        "queue": queue,
        "task": TASKS[queue],
        "owner": owner,
        "doubt": doubt.pk,
        "effect": effect.pk,
        "alert": f"dead:{queue}",
        "silent": f"slow:{queue}",
        "hold": f"door:{queue}",
        "worker": worker.boot,
        "grant": granted.pk,
        "token": tokens.make(somebody, days=1, by="ann")[0].token_key,
        "schedule": Schedule.objects.create(name=f"s {queue}", task=TASKS[queue], every=60, created_at=Now()).pk,
        "named": f"s {queue}",
        "job": states.waiting(owner, **options).pk,
        "dead": states.dead(owner, **options).pk,
        "cause": failed.fingerprint,
        "attempt": failed.attempts.get().pk,
        "batch": Batch.objects.create(owner_id=owner, correlation_id="x", created_at=Now()).pk,
        "message": Quarantine.objects.create(queue=queue, reason="not JSON", digest="ab", size=3, head="x").pk,
    }


Ask = Callable[[str, str, str], int]  # takes a method, an address and the queue


def told(table: str, owner: User, ask: Ask) -> dict[str, str]:
    """A person's column of a table as it is. What they did is undone, so that each row finds the same things."""
    world = {queue: things(queue, owner.pk) for queue in QUEUES}
    found = {}
    for method, address, _ in rows(table):
        statuses = []
        for queue in QUEUES:
            before = transaction.savepoint()
            statuses.append(str(ask(method, address.format_map(world[queue]), queue)))
            transaction.savepoint_rollback(before)
        found[f"{method} {address}"] = "/".join(statuses)
    return found


def column(table: str, who: str) -> dict[str, str]:
    """As it stands in the table."""
    return {f"{method} {address}": cells.split()[PEOPLE.index(who)] for method, address, cells in rows(table)}


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker listens."""
    monkeypatch.setattr(broker, "is_open", lambda: False)
    monkeypatch.setattr("celery.app.control.Control.broadcast", lambda *_, **__: None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", PEOPLE)
def test_over_rest(who: str) -> None:
    user = person(who)
    client = APIClient()
    if user:
        client.force_login(user)
    owner = user if user and who == "owner" else User.objects.create_user("its owner")

    def ask(method: str, path: str, queue: str) -> int:
        where = path if path.startswith("/") else f"/api/{path}"
        return int(getattr(client, method)(where, body_of(method, path, queue), format="json").status_code)

    assert told(REST, owner, ask) == column(REST, who)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", PEOPLE)
def test_in_the_admin(who: str) -> None:
    user = person(who, enters_admin=True)
    client = Client()
    if user:
        client.force_login(user)
    owner = user if user and who == "owner" else User.objects.create_user("its owner")

    def ask(method: str, path: str, queue: str) -> int:
        response = getattr(client, method)(f"/admin/{path}", {"post": "yes"} if method == "post" else None)
        leads_to_login = "/login/" in response.headers.get("Location", "")
        assert leads_to_login == (user is None)
        return int(response.status_code)

    assert told(ADMIN, owner, ask) == column(ADMIN, who)


def body_of(method: str, path: str, queue: str) -> dict[str, Any] | None:
    """What is sent there."""
    if method not in ("post", "patch"):
        return None
    if path == "jobs":
        return {"task": TASKS[queue], "args": ARGS[queue]}
    if path == "schedules":
        return {"name": "new", "task": TASKS[queue], "arguments": ARGS[queue], "every": 60}
    act = path.rpartition("/")[2]
    return BODIES.get(path) or BODIES.get(act)


def route_of(path: str) -> str:
    """As the resolver has it."""
    filled = path.partition("?")[0].format_map(defaultdict(lambda: "x", PARTS))
    return resolve(filled).route


def test_every_address_of_the_platform_has_a_row() -> None:
    there = {
        (method, f"api/{one.pattern}")
        for one in urls.urlpatterns
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(one.callback.view_class, method)  # type: ignore[attr-defined]
    }
    told = {(method, route_of(f"/api/{address}")) for method, address, _ in rows(REST) if not address.startswith("/")}
    assert there - told == OF_ALL


def test_every_page_of_the_platform_has_a_row() -> None:
    there = {route for route in ROUTES if route.startswith("admin/jobs/") and not OF_DJANGO.match(route)}
    told = {route_of(f"/admin/{address}") for _, address, _ in rows(ADMIN)}
    assert there - told == set()


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
