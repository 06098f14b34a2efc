"""A worker whose jobs die, hang, are cancelled or were never sent by us: each costs one process, never the worker."""

import base64
import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from django_celery_results.models import TaskResult

from fikiri.celery import app
from jobs import doorbell, services
from jobs.clock import now
from jobs.effects import Fate
from jobs.lifecycle import Due
from jobs.models import Attempt, Job, Quarantine
from tests.integration.site import PATIENCE, Site, marks
from tests.jobs.states import put
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def worker(site: Site) -> Any:
    site.dispatcher()
    return site.worker("email", "ai", "crm")


@pytest.fixture(autouse=True)
def the_worker_lives(worker: subprocess.Popen[bytes], site: Site) -> Iterator[None]:
    """Whatever a test did, the same worker runs the next job, in every slot."""
    yield
    site.all_end(services.enqueue_many("echo", [{"value": n} for n in range(4)]))
    assert worker.poll() is None


def busy(site: Site, folder: Path, **options: Any) -> Job:
    """A job in the middle of its work."""
    arguments = {"path": str(folder / "go"), "mark": str(folder / "marks")}
    job = services.enqueue("wait_for_file", arguments, **options)
    eventually(lambda: marks(folder / "marks"), PATIENCE)
    return site.ends(job.pk, "processing")


def test_a_job_whose_process_is_killed_runs_again(site: Site, tmp_path: Path) -> None:
    job = busy(site, tmp_path)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    eventually(lambda: len(marks(tmp_path / "marks")) == 2, PATIENCE)
    (tmp_path / "go").touch()
    job = site.ends(job.pk)
    assert (job.attempt, job.failures, job.deaths, job.orphaned) == (2, 1, 1, 0)
    assert Attempt.objects.get(job=job).error_class.startswith("WorkerLost")


def test_a_job_that_keeps_killing_its_process_is_put_aside(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("kill_own_process", {"path": str(tmp_path / "marks"), "times": 99})
    job = site.ends(job.pk, "dead")
    assert [attempt for attempt, _ in marks(tmp_path / "marks")] == [1, 2]
    assert (job.deaths, job.max_retries) == (2, 5)


def test_a_job_that_kills_its_process_once_is_done(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("kill_own_process", {"path": str(tmp_path / "marks"), "times": 1})
    assert site.ends(job.pk).deaths == 1


def test_a_job_goes_on_from_its_checkpoint_when_its_process_is_killed(site: Site, tmp_path: Path) -> None:
    arguments = {"pages": 4, "trouble": ["die", "error"], "path": str(tmp_path / "marks")}
    job = site.ends(services.enqueue("copy_pages", arguments).pk)
    assert [attempt for attempt, _ in marks(tmp_path / "marks")] == [1, 2, 3, 3]
    assert TaskResult.objects.get(task_id=str(job.pk)).result == "[2, 3]"


def test_a_job_over_its_hard_limit_is_stopped_and_retried(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("ignore_soft_limit", {"mark": str(tmp_path / "marks")})
    job = site.ends(job.pk, "dead")
    pids = [pid for _, pid in marks(tmp_path / "marks")]
    assert (len(pids), job.failures, job.deaths, job.error_class) == (2, 2, 0, "TimeLimitExceeded")
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), PATIENCE)


def test_a_waiting_job_that_is_cancelled_never_runs(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("leave_mark", {"path": str(tmp_path / "marks")}, delay=1)
    assert services.cancel(job.pk, by="ann").done
    doorbell.push_as_dispatcher("email", [Due(job.pk, "leave_mark", 285, 300, now())] * 2)
    site.all_end(services.enqueue_many("echo", [{"value": 1}] * 4))
    assert (marks(tmp_path / "marks"), Job.objects.get(pk=job.pk).status) == ([], "cancelled")


def test_a_running_job_that_looks_stops_by_itself(site: Site, tmp_path: Path) -> None:
    job = busy(site, tmp_path)
    assert not services.cancel(job.pk, by="ann", reason="enough").done
    job = site.ends(job.pk, "cancelled")
    assert (job.attempt, job.deaths) == (1, 0)
    assert Attempt.objects.get(job=job).outcome == "cancelled"


def test_a_running_job_that_does_not_look_is_stopped_after_the_grace(site: Site, tmp_path: Path) -> None:
    job = services.enqueue("sleep_through", {"seconds": 200, "mark": str(tmp_path / "marks")})
    eventually(lambda: marks(tmp_path / "marks"), PATIENCE)
    services.cancel(job.pk, by="ann")
    job = site.ends(job.pk, "cancelled")
    [(_, pid)] = marks(tmp_path / "marks")
    eventually(lambda: not Path(f"/proc/{pid}").exists(), PATIENCE)


def test_celerys_own_terminate_ends_in_the_ledger(site: Site, tmp_path: Path) -> None:
    job = busy(site, tmp_path)
    app.control.revoke(str(job.pk), terminate=True, signal="SIGKILL")
    job = site.ends(job.pk, "cancelled")
    assert (job.deaths, job.attempt) == (0, 1)


@pytest.mark.parametrize("terminate", [False, True])
def test_celerys_revoke_of_a_job_that_waits_never_lets_it_run(site: Site, tmp_path: Path, terminate: bool) -> None:
    job = services.enqueue("leave_mark", {"path": str(tmp_path / "marks")}, delay=1)
    app.control.revoke(str(job.pk), terminate=terminate)
    doorbell.push_as_dispatcher("email", [Due(job.pk, "leave_mark", 285, 300, now())])
    site.all_end(services.enqueue_many("echo", [{"value": 1}] * 4))
    assert (marks(tmp_path / "marks"), Job.objects.get(pk=job.pk).status) == ([], "cancelled")


def test_a_job_revoked_in_the_middle_of_its_effect_ends_cancelled_and_says_that_it_happened(
    site: Site, tmp_path: Path
) -> None:
    arguments = {"shop": str(tmp_path / "shop"), "wait_for": str(tmp_path / "go"), "mark": str(tmp_path / "marks")}
    job = services.enqueue("buy", arguments)
    eventually(lambda: marks(tmp_path / "marks"), PATIENCE)
    app.control.revoke(str(job.pk), terminate=True)
    assert services.cancel(job.pk).effect == Fate.IN_DOUBT
    site.ends(job.pk, "cancelled")  # stopped after the grace
    assert (services.cancel(job.pk).effect, (tmp_path / "shop").read_text()) == (Fate.IN_DOUBT, f"buy:{job.pk}\n")
    services.retry(job.pk, by="ann")  # run again it asks, and does not buy again
    site.ends(job.pk)
    assert (tmp_path / "shop").read_text() == f"buy:{job.pk}\n"


def test_a_cancelled_job_run_again_runs(site: Site, tmp_path: Path) -> None:
    job = busy(site, tmp_path)
    app.control.revoke(str(job.pk))
    site.ends(job.pk, "cancelled")
    services.retry(job.pk, by="ann")
    (tmp_path / "go").touch()
    assert site.ends(job.pk).attempt == 2


def test_a_message_that_comes_many_times_is_one_run(site: Site, tmp_path: Path) -> None:
    jobs = [put(task="leave_mark", arguments={"path": str(tmp_path / str(n))}) for n in range(10)]
    rings = [Due(job.pk, "leave_mark", 285, 300, now()) for job in jobs]
    doorbell.push_as_dispatcher("email", [*rings, *reversed(rings), *rings])
    site.all_end([job.pk for job in jobs])
    site.all_end(services.enqueue_many("echo", [{"value": 1}] * 4))
    assert [len(marks(tmp_path / str(n))) for n in range(10)] == [1] * 10


def test_a_message_that_names_no_job_is_put_aside(client: redis_client.Redis) -> None:
    forged = uuid.uuid4()
    doorbell.push_as_dispatcher("email", [Due(forged, "echo", 285, 300, now())])
    eventually(lambda: Quarantine.objects.filter(head=str(forged)).exists(), PATIENCE)
    assert Quarantine.objects.get(head=str(forged)).reason == "names no job of the ledger"


def test_a_forged_message_brings_no_arguments_of_its_own(client: redis_client.Redis, tmp_path: Path) -> None:
    job = put(task="leave_mark", arguments={"path": str(tmp_path / "mine")}, delay=60)
    message = json.loads(doorbell.render(Due(job.pk, "leave_mark", 285, 300, now()), "email"))
    body = json.dumps([[str(tmp_path / "theirs")], {}, {}]).encode()
    client.lpush("fikiri:email", json.dumps(message | {"body": base64.b64encode(body).decode()}))
    eventually(lambda: Quarantine.objects.filter(reason__startswith="body is not empty").exists(), PATIENCE)
    assert not list(tmp_path.iterdir())


def test_a_forged_message_starts_no_job_before_its_time(client: redis_client.Redis, site: Site, tmp_path: Path) -> None:
    job = put(task="leave_mark", arguments={"path": str(tmp_path / "marks")}, delay=60)
    doorbell.push_as_dispatcher("email", [Due(job.pk, "leave_mark", 285, 300, now())])
    site.all_end(services.enqueue_many("echo", [{"value": 1}] * 4))
    assert (Job.objects.get(pk=job.pk).status, marks(tmp_path / "marks")) == ("pending", [])


def test_a_message_with_another_tasks_name_runs_what_the_ledger_says(site: Site, tmp_path: Path) -> None:
    job = put(task="leave_mark", arguments={"path": str(tmp_path / "marks")})
    doorbell.push_as_dispatcher("email", [Due(job.pk, "echo", 285, 300, now())])
    site.ends(job.pk)
    assert len(marks(tmp_path / "marks")) == 1


MALFORMED = [
    b"",
    b"not json",
    b"[]",
    b"7",
    b"null",
    b"\xff\xfe\x00",
    b'{"body": "?"}',
    b'{"headers": {}, "properties": {}}',
    b"[" * 50_000,
    b'{"a": ' * 5_000,
]


@pytest.mark.parametrize("number", range(len(MALFORMED)))
def test_a_malformed_message_is_put_aside(client: redis_client.Redis, number: int) -> None:
    before = Quarantine.objects.count()
    client.lpush("fikiri:email", MALFORMED[number])
    eventually(lambda: Quarantine.objects.count() == before + 1, PATIENCE)


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"id": None}},
        {"headers": {"id": "7"}},
        {"headers": {"id": ["a"]}},
        {"headers": {"task": None}},
        {"headers": {"eta": "9999-12-31T23:59:59+00:00"}},
        {"headers": {"expires": "yesterday"}},
        {"headers": {"timelimit": "soon"}},
        {"headers": {"timelimit": [-1, 10**30]}},
        {"properties": {"delivery_tag": None}},
        {"properties": {"delivery_info": "email"}},
        {"properties": {"body_encoding": "rot13"}},
        {"content-type": "application/x-python-serialize"},
        {"content-encoding": "utf-16"},
        {"body": "%%%"},
        {"body": base64.b64encode(b"[[], {}]").decode()},
        {"body": base64.b64encode(b"\x80\x04N.").decode()},
        {"body": None},
        {"body": {"a": 1}},
    ],
    ids=lambda change: json.dumps(change)[:50],
)
def test_a_message_of_another_shape_is_put_aside(client: redis_client.Redis, change: dict[str, Any]) -> None:
    job = put(delay=60)
    message: dict[str, Any] = json.loads(doorbell.render(Due(job.pk, "echo", 285, 300, now()), "email"))
    for part, value in change.items():
        message[part] = message[part] | value if isinstance(value, dict) and part != "body" else value
    before = Quarantine.objects.count()
    client.lpush("fikiri:email", json.dumps(message))
    eventually(lambda: Quarantine.objects.count() == before + 1, PATIENCE)


def test_no_customers_address_stands_in_redis_or_in_a_log(client: redis_client.Redis, site: Site) -> None:
    canary = "canary.4c1e"
    address = f"{canary}@customer.example"
    done = services.enqueue("echo", {"value": address}, key=address)
    failed = services.enqueue("log_and_fail", positional=[f"mail from {address}", address], max_retries=0)
    raised = services.enqueue("raise_text", {"text": f"no such mailbox: {address}"}, max_retries=0)
    waiting = services.enqueue("echo", {"value": address}, delay=600)
    site.ends(done.pk)
    site.ends(failed.pk, "dead")
    site.ends(raised.pk, "dead")
    redis_dump = b"".join((client.dump(key) or b"") + key for key in client.scan_iter())
    assert canary.encode() not in redis_dump
    assert canary not in site.outputs()
    services.cancel(waiting.pk)
