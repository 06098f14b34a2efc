"""Tables that repeat what the code says, say the same."""

import inspect
import re

from fikiri.places import BASE
from jobs import access, errors, query
from jobs.effects import Fate
from jobs.lifecycle import CELERY_STATES
from jobs.models import JobStatus
from jobs.queues import QUEUES, JobQueue
from jobs.testing import POINTS
from tests.docs import pages

HOW_TO = pages.DOCS / "writing-tasks.md"
SEARCHING = pages.DOCS / "searching.md"
LIFE_CYCLE = pages.DOCS / "job-life-cycle.md"


def test_the_options_of_a_task_are_those_of_the_decorator() -> None:
    options = [name for name in inspect.signature(JobQueue.task).parameters if name != "self"]
    assert sorted(row[0].strip("`") for row in pages.rows(HOW_TO) if len(row) == 3) == sorted(options)


def test_the_answers_of_a_task_are_those_of_the_platform() -> None:
    answers = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.Answer)
    }
    raised = set(re.findall(r"raise `(\w+)\(", pages.prose(HOW_TO)))
    assert raised == answers - {"Answer", "Cancelled", "RetryRequest"}  # the platform's own


def test_the_limits_of_a_queue_are_those_of_the_code() -> None:
    text = pages.prose(HOW_TO)
    for queue in QUEUES.values():
        hard = f"{queue.time_limit / 60:g} min" if queue.time_limit >= 60 else f"{queue.time_limit:g} s"
        assert f"| {queue.name} | {queue.soft_time_limit:g} s | {hard} |" in text


def test_every_status_has_its_row_and_its_place_in_the_picture() -> None:
    described = [row[0].strip("`") for row in pages.rows(LIFE_CYCLE) if len(row) == 4]
    drawn = set(re.findall(r"\w+", pages.blocks(LIFE_CYCLE, "mermaid")[0].text))
    assert described == JobStatus.values
    assert set(JobStatus.values) <= drawn


def test_what_a_cancel_says_of_effects_is_what_the_code_says() -> None:
    told = [row[0].strip("`") for row in pages.rows(LIFE_CYCLE) if len(row) == 2 and not row[1].isupper()]
    assert told == list(Fate)


def test_the_points_of_a_crash_are_those_of_the_kit() -> None:
    page = pages.rows(pages.DOCS / "testing-your-tasks.md")
    assert {row[0].strip("`"): row[1] for row in page if row[0].strip("`") in POINTS} == POINTS


def test_celerys_words_for_a_status_are_those_that_are_written() -> None:
    shown: dict[str, str] = {}
    for statuses, word in (row for row in pages.rows(LIFE_CYCLE) if len(row) == 2 and row[1].isupper()):
        shown |= {status: word.strip("`") for status in re.findall(r"`(\w+)`", statuses)}
    written = {status.value: word for status, word in CELERY_STATES.items() if status != JobStatus.PENDING}
    assert shown == written | {"completed": "SUCCESS"}


def test_every_field_of_a_search_is_explained_with_an_example_that_works() -> None:
    told = [row for row in pages.rows(SEARCHING) if len(row) == 3]
    assert [row[0].strip("`") for row in told] == [*query.FIELDS, "args.NAME"]
    assert [row[1] for row in told[:-1]] == [field.help for field in query.FIELDS.values()]
    for _, _, example in told:
        assert [word.field.partition(".")[0] for word in query.read(example.strip("`"))] == [
            example[1:].partition(":")[0].partition(".")[0]
        ]
        query.condition(example.strip("`").replace("jane", "system"))  # a name would be looked up


def test_the_words_of_status_and_is_are_explained() -> None:
    assert all(f"`{word}`" in pages.prose(SEARCHING) for name in ("is",) for word in query.FIELDS[name].values)


def test_each_verb_stands_beside_the_role_that_it_asks_for() -> None:
    told = {
        verb: row[0].strip("`")
        for row in pages.rows(pages.DOCS / "access.md") if len(row) == 2
        for verb in row[1].split(", ")
    }  # fmt: skip
    assert told == {verb.value: role.value for verb, role in access.NEEDS.items()}


def test_everything_that_doctor_may_say_stands_in_operations() -> None:
    source = "".join((BASE / path).read_text() for path in ("jobs/doctor.py", "fikiri/management/commands/doctor.py"))
    names = set(re.findall(r'Finding\(\s*"(\w+)"', source)) | {"database", "migrations"}
    told = [row[0].strip("`") for row in pages.rows(pages.DOCS / "operations.md") if len(row) == 3]
    assert names <= set(told)
