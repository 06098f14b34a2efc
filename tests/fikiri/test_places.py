"""Everything that is made at run time has its place, the same for every process."""

from pathlib import Path

import pytest

from fikiri import places


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIKIRI_VAR", str(tmp_path))
    return tmp_path


def test_the_socket_lies_beside_the_data(folder: Path) -> None:
    assert places.redis_socket().parent == folder.resolve()


def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere_always_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIKIRI_VAR", str(folder / ("deep" * 40)))
    socket = places.redis_socket()
    assert len(str(socket).encode()) <= places.SOCKET_PATH_LIMIT
    assert socket == places.redis_socket()


def test_a_secret_is_made_once_and_only_for_its_owner(folder: Path) -> None:
    secret = places.secret("secret-key")
    assert len(secret) >= 50
    assert places.secret("secret-key") == secret
    assert (folder / "secret-key").stat().st_mode & 0o077 == 0
