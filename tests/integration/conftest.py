"""A database that keeps what is committed, so that real processes see it, and an installation on it."""

from collections.abc import Iterator

import pytest
import redis as redis_client
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from fikiri.laptop.valkey import Valkey
from tests.integration.site import Site
from tests.jobs.brokers import forgotten_broker
from tests.servers.programs import Programs

__all__ = ["forgotten_broker"]


@pytest.fixture(scope="module")
def ledger(django_db_setup: None, django_db_blocker: DjangoDbBlocker, redis_server: Valkey) -> Iterator[Valkey]:
    """Database and Redis of a module's tests, which share them: each looks at its own jobs. Emptied at the end."""
    with redis_server.client() as client:
        client.flushall()
    with django_db_blocker.unblock():
        yield redis_server
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def _django_db_helper(ledger: Valkey) -> None:
    """In place of pytest-django's, which would empty the database after each test, under the running workers."""


@pytest.fixture(scope="module")
def site(ledger: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Processes that live as long as the module's tests."""
    with Programs(tmp_path_factory.mktemp("site")) as programs:
        yield Site(programs)


@pytest.fixture
def own_site(ledger: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Processes of one test."""
    with Programs(tmp_path_factory.mktemp("own-site")) as programs:
        yield Site(programs)


@pytest.fixture
def client(ledger: Valkey) -> Iterator[redis_client.Redis]:
    """A client of the real Redis."""
    with ledger.client() as client:
        yield client
