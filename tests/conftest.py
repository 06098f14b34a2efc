"""What every test may use, and what none may do: leave something behind, or be skipped in silence."""

import gc
import os
import re
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import celery
import pytest
import redis as redis_client
from django.conf import settings as django_settings
from django.db import connection
from hypothesis import settings

from fikiri import places
from fikiri.laptop.valkey import Valkey
from jobs import registry
from tests.servers import migrated
from tests.servers.flushing import what_migrations_made_is_kept
from tests.servers.programs import Programs

pytest_plugins = ["jobs.testing.fixtures", "tests.email_automation.google"]

settings.register_profile("ci", derandomize=True)  # elsewhere new examples are looked for each time
if os.environ.get("CI"):
    settings.load_profile("ci")

RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup"}
# Where the time goes, as measured: real servers and commits, whole pages, jobs that run to their end.
LONG_FIXTURES = {
    "admin_client",
    "as_operator",
    "as_superuser",
    "as_viewer",
    "connected",
    "full_ledger",
    "live_server",
    "mail_devel_port",
    "mail_server",
    "mail_sink",
    "receiver",
    "redis_server",
    "server",
    "sync",
    "token_server",
    "transactional_db",
}
PROCESSES_MAY_TAKE = 300  # seconds of a test that starts some: the machine is shared


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest, django_db_use_migrations: bool) -> bool:
    """On SQLite Django finds a database that is migrated already."""
    migrated_already = connection.vendor == "sqlite" and django_db_use_migrations
    return migrated_already or bool(request.config.getoption("reuse_db"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_keepdb: bool
) -> Iterator[None]:
    if connection.vendor != "sqlite" or not django_db_keepdb:
        yield
        return
    database = Path(connection.settings_dict["TEST"]["NAME"])
    migrated.copy_to(database)
    yield
    connection.close()
    migrated.forget(database)


@pytest.fixture(scope="session", autouse=True)
def celery_knows_its_broker() -> None:
    """Celery reads its settings when they are first asked for: in no test that has changed them."""
    assert celery.current_app.conf.broker_url == django_settings.REDIS_URL


@pytest.fixture(scope="session", autouse=True)
def flushed_quickly() -> Iterator[None]:
    with what_migrations_made_is_kept():
        yield


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Valkey]:
    """A real Redis at the address of the settings, one for each pytest process."""
    server = Valkey(places.redis_socket(), places.var() / "redis", places.var() / "redis.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: Valkey) -> Iterator[redis_client.Redis]:
    """A client of the real Redis, which is empty."""
    with redis_server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def forgotten_tasks() -> Iterator[None]:
    """Tasks that this test declares are known to no other test."""
    before = set(registry._tasks)
    yield
    for name in set(registry._tasks) - before:
        del registry._tasks[name]
        celery.current_app.tasks.pop(name, None)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Starts real processes on this test's database and Redis, and ends them with the test.

    They see only what is committed: use it with `transactional_db`.
    """
    with Programs(tmp_path) as started:
        yield started


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # run in a shell's background, which programs would inherit
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "database: touches the database (set by itself)")
    config.addinivalue_line(
        "markers", "only_on(vendor): left out on the other database: is about this one alone, or about none"
    )


def pytest_make_parametrize_id(val: object) -> str | None:
    """A random id in a test's name would differ between the processes that share the tests."""
    return "some-uuid" if RANDOM_ID.fullmatch(str(val)) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is imported is garbage: to look for some meanwhile takes a quarter of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`database`: touches the database, and is run again on PostgreSQL. `long`: not for the inner loop."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        django_db = item.get_closest_marker("django_db")
        if django_db or fixtures & DATABASE_FIXTURES:
            item.add_marker(pytest.mark.database)
        commits = django_db is not None and django_db.kwargs.get("transaction")
        if fixtures & LONG_FIXTURES or commits or _looks_for_examples(item):
            item.add_marker(pytest.mark.long)
        if _starts_processes(item) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(PROCESSES_MAY_TAKE))
    of_another = [item for item in items if _is_of_another_database(item)]
    items[:] = [item for item in items if item not in of_another]
    config.hook.pytest_deselected(items=of_another)


def _looks_for_examples(item: pytest.Item) -> bool:
    """Whether it is Hypothesis'."""
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


def _starts_processes(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("slow", "browser"))


def _is_of_another_database(item: pytest.Item) -> bool:
    only = item.get_closest_marker("only_on")
    return only is not None and connection.vendor not in only.args


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a test that cannot run is a failure, not a gap."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {report.longrepr}"
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the scratch folder that the settings made."""
    folder = places.var()
    if not hasattr(config, "workerinput") and folder.name.startswith("fikiri-tests-"):
        shutil.rmtree(folder, ignore_errors=True)
