"""A fresh clone, `bin/run --once`, twice: with nothing but a python3."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fikiri.places import BASE
from tests.servers.laptop import Laptop, last_line
from tests.servers.programs import Programs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A clean clone, in a folder whose name is as awkward as people's are."""
    folder = tmp_path_factory.mktemp("clone")
    checkout = folder / "My Fikiri é"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", BASE, checkout], check=True)
    with Programs(folder) as programs:
        yield Laptop(checkout / "var", programs, checkout)


def bin_run(clone: Laptop) -> subprocess.CompletedProcess[str]:
    python3 = str(Path(sys.base_prefix) / "bin" / "python3")
    ran = clone.run(python3, str(clone.checkout / "bin" / "run"), "--once", "--json", timeout=800)
    assert ran.returncode == 0, ran.stderr
    return ran


@pytest.fixture(scope="module")
def first(clone: Laptop) -> dict[str, Any]:
    return last_line(bin_run(clone))


@pytest.fixture(scope="module")
def second(clone: Laptop, first: dict[str, Any]) -> dict[str, Any]:
    return last_line(bin_run(clone))


def test_every_message_of_the_sample_is_accounted_for(first: dict[str, Any]) -> None:
    assert first["messages_found"] > 150
    assert first["messages_found"] == first["messages_synced"] + first["duplicates"] + first["unreadable"]
    assert first["classified"] == first["messages_synced"]


def test_customers_come_of_it(first: dict[str, Any]) -> None:
    assert 0 < first["leads"] <= first["contacts"] <= first["messages_synced"]


def test_every_job_is_completed(first: dict[str, Any]) -> None:
    assert set(first["jobs"]) == {"completed"}
    assert first["jobs"]["completed"] > first["messages_synced"]


def test_the_rate_fits_the_time(first: dict[str, Any]) -> None:
    assert first["messages_per_second"] == pytest.approx(first["messages_found"] / first["seconds"], rel=0.05)


def test_the_second_run_syncs_nothing_twice(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert second["messages_found"] == second["duplicates"] == first["messages_found"]
    assert (second["messages_synced"], second["unreadable"], second["classified"]) == (0, 0, 0)
    assert (second["contacts"], second["leads"]) == (first["contacts"], first["leads"])


def test_the_checkout_is_as_clean_as_before(clone: Laptop, second: dict[str, Any]) -> None:
    status = subprocess.run(["git", "-C", clone.checkout, "status", "--porcelain"], capture_output=True, text=True)
    assert status.stdout == ""


def test_the_demo_goes_with_one_command(clone: Laptop, second: dict[str, Any]) -> None:
    python = str(clone.checkout / ".venv" / "bin" / "python")
    removed = clone.run(python, str(clone.checkout / "manage.py"), "remove_demo")
    assert "gone" in removed.stdout, removed.stderr
    models = "from jobs.models import Job; from crm.models import Contact"
    count = f"{models}; print(Job.objects.count(), Contact.objects.count())"
    left = clone.run(python, str(clone.checkout / "manage.py"), "shell", "--no-imports", "-c", count)
    assert left.stdout.split() == ["0", "0"]
