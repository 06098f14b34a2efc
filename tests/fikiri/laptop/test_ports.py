"""A port in use is passed over, unless somebody asked for that very one."""

import socket
from collections.abc import Iterator

import pytest

from fikiri.laptop import ports
from tests.servers.ports import free_port


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def said() -> list[str]:
    return []


def test_the_default_is_taken_without_a_word_when_it_is_free(said: list[str]) -> None:
    port = free_port()
    assert ports.choose("WEB_PORT", port, said.append) == port
    assert said == []


def test_the_next_free_one_is_taken_and_said_when_the_default_is_in_use(busy: int, said: list[str]) -> None:
    chosen = ports.choose("WEB_PORT", busy, said.append)
    assert busy < chosen < busy + ports.TRIES
    assert f"{busy} is in use" in said[0]
    assert "WEB_PORT" in said[0]


def test_a_port_that_is_promised_to_another_server_is_passed_over(said: list[str]) -> None:
    port = free_port()
    assert ports.choose("FLOWER_PORT", port, said.append, taken={port}) != port


def test_a_chosen_port_that_is_in_use_is_an_error_with_the_remedy(
    busy: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_PORT", str(busy))
    with pytest.raises(ports.PortTakenError, match=f"{busy} \\(WEB_PORT\\) is in use.*WEB_PORT="):
        ports.choose("WEB_PORT", 8000, said.append)


@pytest.mark.parametrize("nonsense", ["http", "-1", "0", "65536", "80 80", "٣"])
def test_what_is_no_port_is_refused(nonsense: str, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", nonsense)
    with pytest.raises(ports.PortTakenError, match="from 1 to 65535"):
        ports.choose("WEB_PORT", 8000, said.append)


def test_a_server_on_all_addresses_is_in_the_way_too() -> None:
    with socket.create_server(("", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])
