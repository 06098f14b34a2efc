"""Flower with real workers: closed to strangers, what people do there is in the ledger, and nothing is made up."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from fikiri.flower_roles import REFUSAL
from fikiri.laptop.valkey import Valkey
from jobs import doorbell, services
from jobs.clock import now
from jobs.lifecycle import Due
from jobs.models import AuditEntry, Job, Role
from tests.integration.site import PATIENCE, Site, marks
from tests.jobs.api.people import a_user, with_role
from tests.servers.flower import Flower
from tests.servers.programs import Programs, eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def site(ledger: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A worker of one process, and a dispatcher."""
    with Programs(tmp_path_factory.mktemp("site")) as programs:
        site = Site(programs)
        site.worker("email", concurrency=1)
        site.dispatcher()
        yield site


@pytest.fixture(scope="module")
def flower(site: Site) -> Flower:
    return Flower(site.programs, sys.executable)


def ring(job_id: UUID, task: str, times: int = 1) -> None:
    """Ring, whatever the ledger says, and wait until all has been heard."""
    doorbell.push_as_dispatcher("email", [Due(job_id, task, 285, 300, now())] * times)


def all_heard(site: Site, flower: Flower) -> None:
    """Until a job that was rung last is shown as done."""
    last = services.enqueue("echo", {"value": 1})
    site.ends(last.pk)
    eventually(lambda: flower.state(last.pk) == "SUCCESS", PATIENCE, "the last job in Flower")


def busy(site: Site, flower: Flower, tmp_path: Path) -> Job:
    """A job that runs, and is shown as such."""
    job = services.enqueue("wait_for_file", {"path": str(tmp_path / "go"), "mark": str(tmp_path / "marks")})
    eventually(lambda: marks(tmp_path / "marks"), PATIENCE)
    eventually(lambda: flower.state(job.pk) == "STARTED", PATIENCE, "the job in Flower")
    return job


@pytest.mark.parametrize(
    "path", ["/", "/workers", "/tasks", "/broker", "/metrics", "/healthcheck", "/api/tasks", "/api/workers"]
)
def test_a_stranger_gets_nothing(flower: Flower, path: str) -> None:
    for headers in ({}, {"Authorization": "Basic YW5uOndyb25n"}, {"X-Fikiri-User": "ann"}):
        status, body = flower.ask(path, login=False, headers=headers)
        assert status == 401
        assert "worker-" not in body
        assert "flower_" not in body


def test_who_logs_in_gets_metrics(flower: Flower) -> None:
    assert "flower_worker_online" in flower.ask("/metrics")[1]


def test_a_waiting_job_is_cancelled_there_and_who_did_it_is_recorded(flower: Flower) -> None:
    with_role(a_user("jürgen"), Role.OPERATOR)
    job = services.enqueue("echo", {"value": 1}, delay=600)
    status, _ = flower.ask(f"/api/task/revoke/{job.pk}", method="POST", headers={"X-Fikiri-User": "j%C3%BCrgen"})
    job.refresh_from_db()
    assert (status, job.status) == (200, "cancelled")
    entry = AuditEntry.objects.get(subject=f"job {job.pk}")
    assert (entry.verb, entry.by, entry.origin, entry.before, entry.after) == (
        "cancel",
        "jürgen (ann)",
        "flower",
        {"status": "pending", "cancel_requested": False},
        {"status": "cancelled", "cancel_requested": False},
    )


def test_a_running_job_is_cancelled_there_and_shown_as_revoked(site: Site, flower: Flower, tmp_path: Path) -> None:
    job = busy(site, flower, tmp_path)
    assert flower.ask(f"/api/task/revoke/{job.pk}?terminate=true", method="POST")[0] == 200
    site.ends(job.pk, "cancelled")
    eventually(lambda: flower.state(job.pk) == "REVOKED", PATIENCE, "the end in Flower")
    assert AuditEntry.objects.filter(subject=f"job {job.pk}", by="ann", origin="flower", reason="terminated").exists()


def test_what_steers_a_worker_is_recorded(site: Site, flower: Flower) -> None:
    worker = flower.worker("worker-1")
    assert flower.ask(f"/api/worker/pool/grow/{worker}?n=1", method="POST")[0] == 200
    assert flower.ask(f"/api/worker/pool/shrink/{worker}?n=1", method="POST")[0] == 200
    acts = AuditEntry.objects.filter(subject=f"worker {worker}").order_by("id")
    assert list(acts.values_list("verb", "by", "origin", "after")) == [
        ("pool_grow", "ann", "flower", {"n": "1"}),
        ("pool_shrink", "ann", "flower", {"n": "1"}),
    ]


def test_a_doorbell_that_finds_nothing_is_not_shown(site: Site, flower: Flower) -> None:
    done, held = services.enqueue("echo", {"value": 1}), services.enqueue("echo", {"value": 1}, delay=600)
    gone = services.enqueue("echo", {"value": 1}, delay=600)
    services.cancel(gone.pk, by="ann")
    site.ends(done.pk)
    for job in (done, held, gone):
        ring(job.pk, "echo", times=3)
    all_heard(site, flower)
    assert [flower.state(job.pk) for job in (done, held, gone)] == ["SUCCESS", None, "REVOKED"]


def test_a_job_that_is_tried_again_is_shown_so_after_a_doorbell_too_many(site: Site, flower: Flower) -> None:
    job = services.enqueue("call_api", {"errors_of": ["ConnectionResetError"] * 3})
    eventually(lambda: Job.objects.get(pk=job.pk).status == "retrying", PATIENCE)
    services.cancel(job.pk, by="ann")
    ring(job.pk, "call_api")
    all_heard(site, flower)
    assert flower.state(job.pk) == "REVOKED"


def test_nothing_of_a_job_but_its_name_is_shown(site: Site, flower: Flower) -> None:
    job = services.enqueue("echo", {"value": "a-customers-secret"})
    site.ends(job.pk)
    eventually(lambda: flower.state(job.pk) == "SUCCESS", PATIENCE)
    page = flower.ask(f"/task/{job.pk}")[1]
    assert "a-customers-secret" not in page
    assert f"/admin/jobs/job/{job.pk}/" in page


def test_read_only_it_changes_nothing(site: Site) -> None:
    flower = Flower(site.programs, sys.executable, FLOWER_READ_ONLY="1")
    job = services.enqueue("echo", {"value": 1}, delay=600)
    assert flower.ask(f"/api/task/revoke/{job.pk}", method="POST")[0] == 403
    assert Job.objects.get(pk=job.pk).status == "pending"


def test_whom_the_proxy_let_in_may_what_their_role_allows(site: Site, flower: Flower, tmp_path: Path) -> None:
    with_role(a_user("looks"), Role.VIEWER)
    with_role(a_user("steers"), Role.OPERATOR, "email")
    job = busy(site, flower, tmp_path)
    worker = Job.objects.get(pk=job.pk).worker
    acts = [f"/api/task/revoke/{job.pk}", "/api/task/async-apply/echo", f"/api/worker/pool/grow/{worker}"]
    for act in acts:
        assert flower.ask(act, method="POST", headers={"X-Fikiri-User": "looks"}) == (403, REFUSAL)
    assert Job.objects.get(pk=job.pk).cancel_requested_at is None
    pages = [flower.ask(f"/task/{job.pk}", headers={"X-Fikiri-User": name})[1] for name in ("looks", "steers")]
    assert ["task-terminate" in page for page in pages] == [False, True]
    assert flower.ask(acts[0], method="POST", headers={"X-Fikiri-User": "steers"})[0] == 200
    site.ends(job.pk, "cancelled")
    assert AuditEntry.objects.get(subject=f"job {job.pk}").by == "steers (ann)"


def test_what_a_job_returned_is_not_shown(site: Site, flower: Flower) -> None:
    job = services.enqueue("echo", {"value": "jane@customer.example"})
    site.ends(job.pk)
    status, body = flower.ask(f"/api/task/result/{job.pk}")
    assert (status, "SUCCESS" in body, "jane" in body) == (200, True, False)
