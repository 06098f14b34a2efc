"""The broker loses everything, goes away, hangs: jobs are late at most."""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client

from fikiri.laptop.valkey import Valkey
from jobs import broker, services
from jobs.models import Job
from tests.integration.site import PATIENCE, Site, marks
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", autouse=True)
def worker(site: Site) -> subprocess.Popen[bytes]:
    site.dispatcher()
    worker: subprocess.Popen[bytes] = site.worker("email", "ai", "crm")
    return worker


@pytest.fixture(autouse=True)
def all_is_well_afterwards(site: Site, ledger: Valkey, worker: subprocess.Popen[bytes]) -> Iterator[None]:
    """The broker is back, and the same worker runs the next job."""
    yield
    site.all_end(services.enqueue_many("echo", [{"value": n} for n in range(4)]))
    assert worker.poll() is None


def waiting_behind_busy_slots(folder: Path, count: int = 20) -> tuple[list[uuid.UUID], list[Path]]:
    """Jobs whose messages lie in the broker, since both slots are held until a file `go` appears."""
    services.enqueue_many("wait_for_file", [{"path": str(folder / "go"), "mark": str(folder / "held")}] * 2)
    eventually(lambda: len(marks(folder / "held")) == 2, PATIENCE)
    paths = [folder / str(n) for n in range(count)]
    return services.enqueue_many("leave_mark", [{"path": str(path)} for path in paths]), paths


def test_jobs_whose_messages_were_flushed_are_done_once_each(
    client: redis_client.Redis, site: Site, tmp_path: Path
) -> None:
    ids, paths = waiting_behind_busy_slots(tmp_path)
    assert client.llen("fikiri:email") > 0
    client.flushall()
    (tmp_path / "go").touch()
    site.all_end(ids)
    assert [len(marks(path)) for path in paths] == [1] * len(paths)


def test_a_broker_that_comes_back_empty_is_filled_again(ledger: Valkey, site: Site, tmp_path: Path) -> None:
    ids, paths = waiting_behind_busy_slots(tmp_path)
    ledger.stop()
    shutil.rmtree(ledger.folder)
    ledger.start()
    (tmp_path / "go").touch()
    site.all_end(ids)
    assert [len(marks(path)) for path in paths] == [1] * len(paths)


def test_while_it_is_away_jobs_are_taken_and_done_without_it(ledger: Valkey, site: Site, tmp_path: Path) -> None:
    ledger.stop()
    try:
        ids = services.enqueue_many("leave_mark", [{"path": str(tmp_path / str(n))} for n in range(5)])
        ids.append(services.enqueue("rename_user", {"username": "nobody", "to": "somebody"}).pk)
        site.all_end(ids)
    finally:
        ledger.start()
    assert [len(marks(tmp_path / str(n))) for n in range(5)] == [1] * 5
    assert not Job.objects.filter(pk__in=ids, worker__startswith="worker-").exists()
    eventually(lambda: not broker.is_open(), PATIENCE)


def test_while_it_hangs_enqueueing_goes_on_and_the_jobs_are_done(ledger: Valkey, site: Site, tmp_path: Path) -> None:
    with ledger.client() as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        ids = [services.enqueue("leave_mark", {"path": str(tmp_path / str(n))}).pk for n in range(30)]
        assert broker.is_open()
        site.all_end(ids)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [len(marks(tmp_path / str(n))) for n in range(30)] == [1] * 30
    eventually(lambda: not broker.is_open(), PATIENCE)


def test_connections_that_are_cut_cost_nothing(client: redis_client.Redis, site: Site, tmp_path: Path) -> None:
    ids, paths = waiting_behind_busy_slots(tmp_path)
    client.client_kill_filter(_type="normal", skipme=True)
    (tmp_path / "go").touch()
    site.all_end(ids)
    assert [len(marks(path)) for path in paths] == [1] * len(paths)


def test_a_full_broker_refuses_and_nobody_minds(client: redis_client.Redis, site: Site, tmp_path: Path) -> None:
    client.config_set("maxmemory", "1")
    try:
        ids = services.enqueue_many("leave_mark", [{"path": str(tmp_path / str(n))} for n in range(5)])
    finally:
        client.config_set("maxmemory", "0")
    site.all_end(ids)
    assert [len(marks(tmp_path / str(n))) for n in range(5)] == [1] * 5


def test_thousands_of_jobs_keep_the_broker_small(client: redis_client.Redis, site: Site, tmp_path: Path) -> None:
    waiting_behind_busy_slots(tmp_path, 0)
    ids = services.enqueue_many("echo", [{"value": n} for n in range(1_500)])
    assert int(client.llen("fikiri:email")) <= 500
    assert services.clear_queue("email") == 1_500
    (tmp_path / "go").touch()
    site.all_end(ids, "cancelled")
