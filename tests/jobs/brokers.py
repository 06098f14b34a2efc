"""Brokers for a test: one of which nothing is known yet, and one that is away."""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from fikiri.laptop.valkey import Valkey
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


class FakeBroker:
    """Listens where a broker would, counts who comes, and answers everything with the same bytes, or not at all."""

    def __init__(self, path: Path, answer: bytes | None) -> None:
        self.url = f"redis+socket://{path}?virtual_host=0"
        self.connections = 0
        self._answer = answer
        self._held: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(100)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for one in self._held:
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._held.append(connection)
            if self._answer is not None:
                with contextlib.suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(self._answer * 10)


@pytest.fixture
def fake_broker(use_broker: Callable[[str], None]) -> Iterator[Callable[[bytes | None], FakeBroker]]:
    """Makes a fake broker and switches to it."""
    started: list[FakeBroker] = []
    folder = Path(tempfile.mkdtemp(prefix="fikiri-fake-"))  # a socket's name has to be short

    def make(answer: bytes | None = None) -> FakeBroker:
        fake = FakeBroker(folder / f"{len(started)}.sock", answer)
        started.append(fake)
        use_broker(fake.url)
        return fake

    yield make
    for fake in started:
        fake.stop()
    shutil.rmtree(folder)


@pytest.fixture
def own_redis(use_broker: Callable[[str], None]) -> Iterator[Valkey]:
    """A real Redis of this test alone, not started yet, at the address that is used."""
    folder = Path(tempfile.mkdtemp(prefix="fikiri-redis-"))
    server = Valkey(folder / "redis.sock", folder / "data", folder / "log")
    use_broker(f"redis+socket://{folder}/redis.sock?virtual_host=0")
    yield server
    server.stop()
    shutil.rmtree(folder)
