"""The commands of batches, of schedules and of what is kept."""

import uuid

import pytest
from pytest_django.fixtures import Settings

from jobs import batches
from jobs.clock import Now
from jobs.models import AuditEntry, Job, Schedule
from tests.jobs.states import alter, ended, put
from tests.jobs.test_commands import answer, refused, told

pytestmark = pytest.mark.django_db

DAY = 86_400


@pytest.fixture
def nightly() -> Schedule:
    return Schedule.objects.create(name="nightly", task="echo", arguments={"value": 1}, cron="30 3 * * *")


def test_schedules_are_listed_with_when_they_tick(nightly: Schedule) -> None:
    Schedule.objects.create(name="often", task="echo", every=60, paused=True)
    lines = told("schedules").splitlines()
    assert lines[0].split() == ["schedule", "task", "when", "state", "next"]
    assert lines[1].startswith("nightly   echo  30 3 * * * UTC")
    assert lines[2].split() == ["often", "echo", "every", "60", "s", "paused"]


def test_a_schedule_is_shown_with_its_next_five_ticks(nightly: Schedule) -> None:
    ticks = told("schedules", "nightly").partition("the next five")[2].split("\n")[1:-1]
    assert (len(ticks), {tick[11:23] for tick in ticks}) == (5, {"03:30:00 UTC"})
    assert len(answer("schedules", "nightly")["schedules"][0]["next"]) == 5


def test_a_schedule_is_run_now_paused_and_resumed_and_that_is_recorded(nightly: Schedule) -> None:
    job_id = told("schedules", "nightly", "--run-now").strip()
    assert Job.objects.get(pk=job_id).schedule == nightly
    assert answer("schedules", "nightly", "--pause", "--reason", "holidays")["schedules"][0]["paused"] is True
    told("schedules", "nightly", "--resume")
    nightly.refresh_from_db()
    assert not nightly.paused
    entries = AuditEntry.objects.order_by("pk").values_list("verb", "subject", "origin", "reason")
    assert list(entries) == [
        ("run now", "schedule nightly", "command", ""),
        ("pause", "schedule nightly", "command", "holidays"),
        ("resume", "schedule nightly", "command", ""),
    ]


def test_a_schedule_is_made_changed_and_removed() -> None:
    made = ("schedules", "daily", "--add", "--task", "echo", "--args", '{"value": 1}', "--cron", "0 6 * * *")
    assert "the next five" in told(*made, "--dry-run")
    assert not Schedule.objects.exists()
    row = answer(*made, "--time-zone", "Europe/Berlin", "--reason", "wanted")["schedules"][0]
    assert (row["task"], row["arguments"], row["cron"], len(row["next"])) == ("echo", {"value": 1}, "0 6 * * *", 5)
    assert answer("schedules", "daily", "--change", "--every", "60", "--paused")["schedules"][0]["next"] == []
    assert Schedule.objects.get().cron == ""
    assert told("schedules", "daily", "--remove") == "daily is removed.\n"
    assert not Schedule.objects.exists()
    recorded = AuditEntry.objects.order_by("pk").values_list("verb", "origin", "reason")
    assert list(recorded) == [("add", "command", "wanted"), ("change", "command", ""), ("delete", "command", "")]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--add", "--task", "nothing", "--every", "60"], "Unknown task"),
        (["--add", "--task", "echo", "--every", "60", "--args", "{"], "--args is not JSON"),
        (["--add", "--task", "echo", "--cron", "daily"], "Not a cron expression"),
        (["--change", "--every", "60"], "There is no schedule"),
        (["--pause", "--every", "60"], "Say --add or --change"),
    ],
)
def test_what_makes_no_schedule_is_refused(words: list[str], remedy: str) -> None:
    assert remedy in str(refused("schedules", "daily", *words))


def test_a_schedule_that_there_is_not_is_refused_with_those_that_there_are(nightly: Schedule) -> None:
    assert "Schedules: nightly" in str(refused("schedules", "daily"))
    assert "Name the schedule" in str(refused("schedules", "--pause"))


def test_batches_are_listed_newest_first_and_by_state() -> None:
    first, second = batches.create("one"), batches.create("two")
    batches.close(first.pk)
    assert [row["name"] for row in answer("batches")["batches"]] == ["two", "one"]
    assert [row["batch_id"] for row in answer("batches", "--status", "open")["batches"]] == [str(second.pk)]
    assert told("batches", "--status", "failed").strip() == "No batch is like that."


def test_a_batch_is_shown_with_those_within_it() -> None:
    above = batches.create("above")
    batches.create("below", parent=above)
    lines = told("batches", str(above.pk)).splitlines()
    assert (lines[1].startswith("above "), lines[2].startswith("  below ")) == (True, True)


def test_a_batch_is_cancelled() -> None:
    batch = batches.create("b")
    job = put(batch_id=batch.pk)
    assert "1 jobs are cancelled" in told("batches", str(batch.pk), "--cancel", "--reason", "wrong")
    job.refresh_from_db()
    assert (job.status, AuditEntry.objects.get().reason) == ("cancelled", "wrong")


@pytest.mark.parametrize("words", [["--cancel"], ["nonsense"], [str(uuid.UUID(int=7))]])
def test_a_batch_that_there_is_not_is_refused(words: list[str]) -> None:
    assert "batch" in str(refused("batches", *words))


def test_prune_says_what_would_go_and_goes_only_when_told(settings: Settings) -> None:
    settings.JOBS = settings.JOBS | {"RETENTION": {"completed": 14, "completed:ai": 3}}
    for queue, days in (("email", 20), ("ai", 5), ("email", 5)):
        alter(ended("completed", queue=queue), finished_at=Now(-days * DAY))
    assert answer("prune") == {
        "shelves": [
            {"status": "completed", "queue": "ai", "days": 3, "overdue": 1},
            {"status": "completed", "queue": "others", "days": 14, "overdue": 1},
        ],
        "removed": 0,
    }
    assert "Add --yes" in told("prune")
    assert Job.objects.count() == 3
    assert "2 jobs are gone." in told("prune", "--yes")
    assert Job.objects.count() == 1
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.origin, entry.after) == ("prune", "command", {"removed": 2})
