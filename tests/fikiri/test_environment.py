"""Settings from the environment that are not understood are refused by their name, with what they take."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

import manage
from fikiri import settings
from fikiri.environment import Environment


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, given: str) -> Environment:
    monkeypatch.setenv("WANTED", given)
    return Environment()


@pytest.mark.parametrize(
    ("kind", "given", "remedy"),
    [
        ("int", "many", "a whole number"),
        ("int", "1.5", "a whole number"),
        ("float", "soon", "a number"),
        ("bool", "ja", "1 or 0"),
        ("time_zone", "Mars/Phobos", "Europe/Berlin"),
        ("time_zone", "../etc/passwd", "Europe/Berlin"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(env: Environment, kind: str, given: str, remedy: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        getattr(env, kind)("WANTED", default=None)
    assert str(refusal.value).startswith(f"WANTED is {given!r}: give ")
    assert remedy in str(refusal.value)


@pytest.mark.parametrize("given", ["30,soon"])
def test_so_is_one_of_several(env: Environment) -> None:
    with pytest.raises(ImproperlyConfigured, match="WANTED is '30,soon': give a number, several with commas"):
        env.list("WANTED", cast=float)


@pytest.mark.parametrize(("given", "is_on"), [("1", True), ("On", True), ("yes", True), ("0", False), ("", False)])
def test_switches_are_on_or_off(env: Environment, is_on: bool) -> None:
    assert env.bool("WANTED", default=True) is is_on


@pytest.mark.parametrize(("kind", "given", "read"), [("int", "7", 7), ("time_zone", "Europe/Berlin", "Europe/Berlin")])
def test_what_is_understood_is_read(env: Environment, kind: str, read: Any) -> None:
    assert getattr(env, kind)("WANTED", default=None) == read


@pytest.mark.parametrize("url", ["mysql://user@host/name", "nonsense", "oracle://user:secret@host/name"])
def test_another_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="use postgres:// or sqlite:///") as refusal:
        settings.database(url)
    assert "secret" not in str(refusal.value)


def test_people_get_the_remedy_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def complain(_: list[str]) -> None:
        raise ImproperlyConfigured("WANTED is 'x': give a number.")

    monkeypatch.setattr("django.core.management.execute_from_command_line", complain)
    monkeypatch.setattr(sys, "argv", ["manage.py", "doctor"])
    with pytest.raises(SystemExit) as leaving:
        manage.main()
    assert (leaving.value.code, capsys.readouterr().err) == (2, "WANTED is 'x': give a number.\n")


def test_ctrl_c_ends_a_command_as_a_shell_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.management.execute_from_command_line", interrupt)
    with pytest.raises(SystemExit) as leaving:
        manage.main()
    assert leaving.value.code == 130
