"""Wrong passwords are counted by name and address, and too many close the login for a while."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from jobs import broker, rates

pytestmark = pytest.mark.django_db
PLACES = ["/mine/login", "/admin/login/"]
PASSWORD = "correct horse"
NOW = 1_000_000_200.0  # 300 s into a window
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def quarter(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """One quarter of an hour, in which a test counts by itself."""
    settings.REDIS_URL = "redis+socket:///nobody.sock?virtual_host=0"
    broker.reset()
    settings.LOGIN_FAILURES = 3
    rates._here.clear()
    monkeypatch.setattr("jobs.rates.now", lambda: NOW)
    yield
    rates._here.clear()
    broker.reset()


@pytest.fixture
def jane() -> User:
    return User.objects.create_user("jane", password=PASSWORD, is_staff=True)


def log_in(place: str, name: str = "jane", password: str = "wrong", address: str = HERE) -> int:
    return Client(REMOTE_ADDR=address).post(place, {"username": name, "password": password}).status_code


@pytest.mark.parametrize("place", PLACES)
def test_after_too_many_nobody_gets_in_by_this_name_from_there(place: str, jane: User) -> None:
    assert [log_in(place) for _ in range(4)] == [200, 200, 200, 429]
    assert log_in(place, password=PASSWORD) == 429
    assert log_in(place, password=PASSWORD, address=THERE) == 302


def test_both_places_count_together_and_however_a_name_is_written(jane: User) -> None:
    assert [
        log_in(place, name) for place, name in zip(PLACES * 2, ["jane", "JANE", " jane", "\uff4aane"], strict=True)
    ] == [
        200,
        200,
        200,
        429,
    ]


def test_the_answer_says_when_to_come_back(jane: User) -> None:
    for _ in range(3):
        log_in(PLACES[0])
    answer = Client(REMOTE_ADDR=HERE).post(PLACES[0], {"username": "jane", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "600")
    assert "Log in again in 10 minutes." in answer.content.decode()


def test_when_the_window_is_over_they_get_in(jane: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        log_in(PLACES[0])
    monkeypatch.setattr("jobs.rates.now", lambda: NOW + 900)
    assert log_in(PLACES[0], password=PASSWORD) == 302


def test_tries_of_one_moment_do_not_pass_together(jane: User, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    answers: list[int] = []
    check = User.check_password

    def meanwhile(user: User, password: str) -> bool:
        """While one password is looked at, the next one comes."""
        if len(begun) < 6:
            begun.append(1)
            answers.append(log_in(PLACES[0]))
        return check(user, password)

    monkeypatch.setattr(User, "check_password", meanwhile)
    answers.append(log_in(PLACES[0]))
    assert sorted(answers) == [200, 200, 200, 429]


def test_a_closed_address_closes_no_name_for_others(jane: User) -> None:
    for _ in range(40):
        log_in(PLACES[0])
    assert log_in(PLACES[0], password=PASSWORD, address=THERE) == 302


def test_right_passwords_are_not_counted(jane: User) -> None:
    assert {log_in(PLACES[0], password=PASSWORD) for _ in range(10)} == {302}


def test_many_names_from_one_address_are_too_many(jane: User) -> None:
    assert {log_in(PLACES[0], f"name{number}") for number in range(15)} == {200}
    assert log_in(PLACES[0], password=PASSWORD) == 429
    assert log_in(PLACES[0], password=PASSWORD, address=THERE) == 302


def test_one_name_from_many_addresses_is_too_many(jane: User) -> None:
    assert {log_in(PLACES[0], address=f"198.51.100.{number}") for number in range(30)} == {200}
    assert log_in(PLACES[0], password=PASSWORD) == 429


def test_an_ipv6_network_is_one_address(jane: User) -> None:
    assert [log_in(PLACES[0], address=f"2001:db8::{number}") for number in range(1, 5)] == [200, 200, 200, 429]
    assert log_in(PLACES[0], address="2001:db8:0:1::1") == 200


def test_who_is_in_stays_in(jane: User) -> None:
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(jane)
    for _ in range(4):
        log_in(PLACES[0])
    assert client.get("/mine/").status_code == 200


def test_without_a_limit_none_is_kept(jane: User, settings: Settings) -> None:
    settings.LOGIN_FAILURES = 0
    assert {log_in(PLACES[0]) for _ in range(20)} == {200}
    assert not rates._here
