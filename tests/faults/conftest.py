"""One set-up for each module, mended after every test; this process enqueues into it and looks at its ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from jobs import broker, doorbell
from jobs.drill.redis_server import ServerMissing
from jobs.drill.times import JOBS
from tests.faults.rig import Rig, connected

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.slow)
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="module")
def set_up(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Rig]:
    """Servers, two workers and two dispatchers, on the database that the module names in VENDOR."""
    try:
        rig = Rig(request.module.VENDOR)
    except ServerMissing as missing:
        pytest.skip(str(missing))
    with django_db_blocker.unblock(), rig, connected(rig):
        for number in range(2):
            rig.worker(f"worker-{number}", "--concurrency=2")
            rig.dispatcher(f"dispatcher-{number}")
        rig.ready()
        yield rig


@pytest.fixture
def rig(set_up: Rig, settings: Settings, django_db_blocker: DjangoDbBlocker) -> Iterator[Rig]:
    """The module's set-up, well."""
    settings.REDIS_URL = set_up.broker_url
    settings.JOBS = JOBS
    forget_the_broker()
    with django_db_blocker.unblock():
        yield set_up
        set_up.ready()
    forget_the_broker()


def forget_the_broker() -> None:
    broker.reset()
    doorbell._refused_until.clear()
