"""The proxy that breaks lines breaks them as it says."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.drill.proxy import Proxy


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / "server"), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        front = Proxy(tmp_path / "front", tmp_path / "server")
        front.start()
        yield front
        front.stop()
        server.shutdown()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with connect(proxy) as one:
        assert ask(one) == b"hello\n"
        yield one


def connect(proxy: Proxy) -> socket.socket:
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(0.3)
    try:
        one.connect(str(proxy.listen))
    except OSError:
        one.close()
        raise
    return one


def ask(client: socket.socket) -> bytes:
    client.sendall(b"hello\n")
    return client.recv(100)


def is_cut(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


def is_silent(client: socket.socket) -> bool:
    try:
        ask(client)
    except TimeoutError:
        return True
    return False


def test_a_cut_closes_what_is_open_and_nothing_else(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.cut() == 1
    assert is_cut(client)
    with connect(proxy) as another:
        assert ask(another) == b"hello\n"


def test_refusing_lasts_until_it_is_mended(proxy: Proxy, client: socket.socket) -> None:
    proxy.refuse()
    assert is_cut(client)
    with pytest.raises(FileNotFoundError):
        connect(proxy)
    proxy.heal()
    with connect(proxy) as another:
        assert ask(another) == b"hello\n"


def test_a_line_that_fell_silent_stays_silent(proxy: Proxy, client: socket.socket) -> None:
    proxy.swallow()
    with connect(proxy) as meanwhile:
        assert is_silent(client)
        assert is_silent(meanwhile)
        proxy.heal()
        assert is_silent(client)
        assert is_silent(meanwhile)
    with connect(proxy) as another:
        assert ask(another) == b"hello\n"


def test_one_reply_is_lost_and_its_line_with_it(proxy: Proxy, client: socket.socket) -> None:
    proxy.lose_reply()
    client.sendall(b"hello\n")
    assert is_cut(client)
    with connect(proxy) as another:
        assert ask(another) == b"hello\n"
