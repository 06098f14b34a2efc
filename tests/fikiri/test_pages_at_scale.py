"""Every page and list on a ledger with some thousand jobs: as many queries as on a small one, and none reads all jobs.

`bin/bench pages` asks the same addresses on a million, and takes the time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client

from benchmarks import addresses, ledger, people, plans
from benchmarks.addresses import Address
from benchmarks.ledger import Size
from jobs import counting
from jobs.admin import lists
from jobs.query import windows

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql"), pytest.mark.timeout(600)]

# What differs by what a person sees.
OF_JOBS = ("GET", "POST", "preview", "failures", "overview", "jobs, status", "jobs, queue")
OF_NOTHING = 2  # queries that a list of nothing spares: whose the rows are, and what belongs to them
MOST = 60  # queries of any page: the overview has the most, a query for each of a page's rows would be more
SMALL = Size(500, 100, 20, 60, days=1)
LARGE = Size(1_500, 300, 60, 180, days=1)


@pytest.fixture(autouse=True)
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a look ends within a few thousand rows, too."""
    monkeypatch.setattr(windows, "DEPTH", 100)
    monkeypatch.setattr(lists, "COUNTED", 20)
    monkeypatch.setattr(counting, "FEW", 100)


def filled(size: Size) -> None:
    with connection.cursor() as cursor:
        ledger.fill(cursor.execute, size)
        cursor.execute(
            "SET LOCAL enable_seqscan = off"
        )  # a small table is read fastest as a whole: what else could be done?


def answers(who: str) -> Iterator[tuple[Address, plans.Statements]]:
    """What each address that this person may open asks of the database."""
    user = people.people()[who]
    client = Client()
    client.force_login(user)
    for address in addresses.of_everything(user):
        if who != "admin" and not address.name.startswith(OF_JOBS):
            continue
        with plans.watched() as statements:
            answer = ask(client, address)
        assert answer.status_code in (200, 302, 403, 404), (who, address, answer.status_code)
        if answer.status_code == 200:
            yield address, statements


def ask(client: Client, address: Address) -> HttpResponseBase:
    if not address.body:
        return client.get(address.path)
    kind = "application/json" if address.path.startswith("/api/") else "application/x-www-form-urlencoded"
    return client.post(address.path, address.body, content_type=kind)


def test_more_rows_take_no_more_queries_and_no_page_reads_all_jobs() -> None:
    """The small ledger first: what is read once for each process is read there."""
    with transaction.atomic():
        filled(SMALL)
        few = {address.name: len(asked.asked) for address, asked in answers("admin")}
        transaction.set_rollback(True)
    filled(LARGE)
    many, scans = {}, {}
    for address, asked in answers("admin"):
        many[address.name] = len(asked.asked)
        scans[address.name] = asked.scans()
    grown = {name: (few[name], many[name]) for name in few.keys() & many.keys() if many[name] > few[name] + OF_NOTHING}
    assert (grown, {name: number for name, number in many.items() if number > MOST}) == ({}, {})

    assert {name: found for name, found in scans.items() if found} == {}


@pytest.mark.parametrize("who", ["operator", "owner"])
def test_no_page_of_those_who_see_a_part_reads_all_jobs(who: str) -> None:
    filled(LARGE)
    found = {address.name: scans for address, asked in answers(who) if (scans := asked.scans())}
    assert found == {}
