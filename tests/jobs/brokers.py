"""Brokers for a test: one of which nothing is known yet, and one that is away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from jobs import broker, doorbell


@pytest.fixture(autouse=True)
def forgotten_broker() -> Iterator[None]:
    """What one test learned of the broker is not known to the next."""
    broker.reset()
    doorbell._refused_until.clear()
    yield
    broker.reset()
    doorbell._refused_until.clear()


@pytest.fixture
def use_broker(settings: Settings) -> Callable[[str], None]:
    """Switch to the broker at another URL."""

    def use(url: str) -> None:
        settings.REDIS_URL = url
        broker.reset()

    return use


@pytest.fixture
def no_broker(use_broker: Callable[[str], None], tmp_path: Path) -> None:
    """A broker's address where nobody listens."""
    use_broker(f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0")
