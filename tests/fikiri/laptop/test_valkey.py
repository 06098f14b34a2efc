"""A Redis of one's own keeps what it was given, and ends with the process that started it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from fikiri.laptop.valkey import RedisUnavailableError, Valkey
from tests.servers.programs import ROOT, eventually, is_alive

STARTER = """
import sys
from pathlib import Path
from fikiri.laptop.valkey import Valkey
folder = Path(sys.argv[1])
server = Valkey(folder / "redis.sock", folder / "data", folder / "log")
server.start()
server.client().set("kept", "yes")
print(server.pid, flush=True)
sys.stdin.read()
"""


def valkey(folder: Path) -> Valkey:
    return Valkey(folder / "redis.sock", folder / "data", folder / "log")


@pytest.fixture
def started_elsewhere(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which has started a server in `tmp_path`."""
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    server = valkey(tmp_path)
    server.start()
    server.client().set("key", "value")
    server.stop()
    server.start()
    assert server.client().get("key") == b"value"
    server.stop()


def test_it_keeps_an_append_only_file_and_never_evicts(redis_server: Valkey) -> None:
    with redis_server.client() as client:
        config = client.config_get("*")
    assert config["appendonly"] == "yes"
    assert config["appendfsync"] == "everysec"
    assert config["maxmemory-policy"] == "noeviction"


def test_it_listens_on_no_port_and_lets_nobody_else_in(redis_server: Valkey) -> None:
    with redis_server.client() as client:
        assert client.config_get("port") == {"port": "0"}
    assert redis_server.socket.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_it_dies_when_the_process_that_started_it_is_killed(
    started_elsewhere: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert started_elsewhere.stdout is not None
    pid = int(started_elsewhere.stdout.readline())
    started_elsewhere.kill()
    started_elsewhere.wait()
    eventually(lambda: not is_alive(pid), what="the server ends")


@pytest.mark.slow
def test_a_server_that_was_left_over_is_replaced_and_its_data_kept(
    started_elsewhere: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert started_elsewhere.stdout is not None
    left_over = int(started_elsewhere.stdout.readline())
    server = valkey(tmp_path)
    server.start()
    assert server.client().get("kept") == b"yes"
    assert not is_alive(left_over)
    server.stop()


@pytest.mark.slow
def test_a_server_that_hangs_is_never_joined_by_a_second_one(
    started_elsewhere: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert started_elsewhere.stdout is not None
    hanging = int(started_elsewhere.stdout.readline())
    os.kill(hanging, signal.SIGSTOP)
    monkeypatch.setattr("fikiri.laptop.valkey.STOP_TIMEOUT", 0.6)
    try:
        with pytest.raises(RedisUnavailableError, match=f"kill {hanging}"):
            valkey(tmp_path).start()
    finally:
        os.kill(hanging, signal.SIGCONT)


def test_a_stale_socket_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "redis.sock").touch()
    server = valkey(tmp_path)
    server.start()
    assert server.client().ping()
    server.stop()


def test_a_server_that_cannot_start_says_where_the_reason_is(tmp_path: Path) -> None:
    server = Valkey(tmp_path / ("long" * 40), tmp_path / "data", tmp_path / "log")
    with pytest.raises(RedisUnavailableError, match="log"):
        server.start()
    assert not server.is_alive()


def test_it_answers_no_more_after_stop(tmp_path: Path) -> None:
    server = valkey(tmp_path)
    server.start()
    server.stop()
    with pytest.raises(redis.ConnectionError):
        server.client().ping()
