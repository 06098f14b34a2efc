"""The door: what it lets in, what it makes of it, and what it refuses."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from jobs import context, correlation, doorbell, services
from jobs.errors import InvalidArguments, JobNotFound, KeyTaken, Refused, UnknownQueue, UnknownTask, WrongState
from jobs.models import Job
from tests.jobs.states import alter, in_state, make_due, put, row, running, seconds_from_now, take

pytestmark = pytest.mark.django_db


def test_a_job_takes_its_queue_limits_and_retries_from_its_task() -> None:
    job = row(services.enqueue("add", {"a": 1, "b": 2}).pk)
    assert (job.queue, job.soft_time_limit, job.time_limit, job.max_retries) == ("ai", 110, 120, 3)
    assert (job.arguments, job.owner_id, job.parent_id, job.key) == ({"a": 1, "b": 2}, None, None, None)


def test_the_answer_is_the_row() -> None:
    answer = services.enqueue("echo", {"value": 1}, priority=1, key="k", owner_id=3, delay=5)
    job = row(answer.pk)
    names = ("id", "task", "queue", "arguments", "status", "priority", "key", "owner_id", "created_at", "run_at")
    assert [getattr(answer, name) for name in names] == [getattr(job, name) for name in names]


def test_one_statement_writes_it(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        services.enqueue("echo", {"value": 1})


def test_what_the_caller_says_goes_before_what_the_task_says() -> None:
    job = row(services.enqueue("echo", max_retries=0, soft_time_limit=3, time_limit=4, priority=9).pk)
    assert (job.max_retries, job.soft_time_limit, job.time_limit, job.priority) == (0, 3, 4, 9)


def test_a_delay_or_a_time_puts_it_off() -> None:
    moment = datetime(2032, 1, 2, 3, 4, 5, 678000, UTC)
    assert seconds_from_now(row(services.enqueue("echo", delay=60).pk).run_at) == pytest.approx(60, abs=5)
    assert row(services.enqueue("echo", run_at=moment).pk).run_at == moment


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"delay": -1}, "delay"),
        ({"delay": float("nan")}, "delay"),
        ({"delay": float("inf")}, "delay"),
        ({"run_at": datetime(2030, 1, 1)}, "run_at"),  # noqa: DTZ001 - naive on purpose
        ({"priority": -1}, "priority"),
        ({"priority": 10}, "priority"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 10**6}, "max_retries"),
        ({"expires": float("nan")}, "expires"),
        ({"expires": -1}, "expires"),
        ({"expires": 10**12}, "expires"),
        ({"time_limit": -1}, "time_limit"),
        ({"soft_time_limit": float("inf")}, "soft_time_limit"),
        ({"key": ""}, "job_id"),
        ({"key": "k" * 201}, "job_id"),
        ({"key": "a\x00b"}, "job_id"),
        ({"key": "a\ud800b"}, "job_id"),
        ({"correlation_id": "with space"}, "correlation_id"),
        ({"correlation_id": "x" * 65}, "correlation_id"),
        ({"correlation_id": ""}, "correlation_id"),
        ({"owner_id": 2**63}, "owner_id"),
        ({"owner_id": -1}, "owner_id"),
    ],
)
def test_an_option_that_means_nothing_is_refused_by_its_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        services.enqueue("echo", {"value": 1}, **options)
    assert refusal.value.field == field
    assert not Job.objects.exists()


def test_an_option_that_there_is_not_is_no_less_an_error_than_in_any_call_of_python() -> None:
    options: dict[str, Any] = {"prority": 1}
    with pytest.raises(TypeError, match=r"no option 'prority' of a job\. Options: delay, .*priority"):
        services.enqueue("echo", {"value": 1}, **options)
    assert not Job.objects.exists()


def test_an_unknown_task_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownTask, match=r"Unknown task 'ecko'.*add, .*@email_queue.task") as refusal:
        services.enqueue("ecko", {})
    assert (refusal.value.field, refusal.value.code) == ("task", "UNKNOWN_TASK")


def test_a_key_seen_before_gives_the_same_job() -> None:
    first = services.enqueue("echo", {"value": [1, "ä"]}, key="k" * 200)
    again = services.enqueue("echo", {"value": [1, "ä"]}, key="k" * 200)
    assert again.pk == first.pk
    assert Job.objects.count() == 1


@pytest.mark.parametrize("status", ["processing", "completed", "cancelled", "dead"])
def test_a_key_is_kept_whatever_became_of_its_job(status: str) -> None:
    job = in_state(status, key="k")
    assert services.enqueue("echo", {"value": 1}, key="k").status == status
    assert Job.objects.get().pk == job.pk


@pytest.mark.parametrize(
    ("task", "args", "owner_id"),
    [("echo", {"value": 2}, None), ("greet", {"user_id": 1}, None), ("echo", {"value": 1}, 9)],
)
def test_a_key_of_something_else_is_refused(task: str, args: Mapping[str, Any], owner_id: int | None) -> None:
    services.enqueue("echo", {"value": 1}, key="k")
    with pytest.raises(KeyTaken, match="another task, owner or arguments") as refusal:
        services.enqueue(task, args, key="k", owner_id=owner_id)
    assert refusal.value.field == "job_id"


def test_an_id_given_by_the_caller_is_taken_and_given_back() -> None:
    given = uuid.uuid4()
    assert services.enqueue("echo", {"value": 1}, job_id=given).pk == given
    assert services.enqueue("echo", {"value": 1}, job_id=given).pk == given
    with pytest.raises(KeyTaken):
        services.enqueue("echo", {"value": 2}, job_id=given)


@pytest.mark.parametrize(
    ("task", "args", "owner"),
    [
        ("greet", {"user_id": 7}, 7),
        ("echo", {"value": {"user_id": 7}}, None),
        ("echo", {}, None),
    ],
)
def test_the_owner_is_the_user_that_the_arguments_name(task: str, args: dict[str, Any], owner: int | None) -> None:
    assert row(services.enqueue(task, args).pk).owner_id == owner


def test_an_owner_that_is_given_goes_before_the_arguments() -> None:
    assert services.enqueue("greet", {"user_id": 7}, owner_id=8).owner_id == 8


def test_a_child_inherits_owner_correlation_and_parent() -> None:
    claim = running(owner_id=7, correlation_id="the-request")
    with context.running(claim):
        child = row(services.enqueue("echo").pk)
        [sister] = services.enqueue_many("echo", [{"value": 1}])
    assert (child.owner_id, child.correlation_id, child.parent_id) == (7, "the-request", claim.id)
    assert (row(sister).owner_id, row(sister).correlation_id, row(sister).parent_id) == (7, "the-request", claim.id)


def test_the_requests_correlation_id_is_the_jobs() -> None:
    with correlation.correlated("req-1"):
        assert services.enqueue("echo").correlation_id == "req-1"
    assert services.enqueue("echo", correlation_id="given:1").correlation_id == "given:1"
    assert services.enqueue("echo").correlation_id != services.enqueue("echo").correlation_id


def test_a_rolled_back_transaction_leaves_no_row_and_no_message(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        job = services.enqueue("echo")
        services.enqueue_many("echo", [{"value": 1}])
        transaction.set_rollback(True)
    assert callbacks == []
    assert not Job.objects.filter(pk=job.pk).exists()


def test_the_message_goes_out_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[uuid.UUID] = []

    def push(queue: str, rings: list[Any]) -> int:
        rung.extend(ring.id for ring in rings)
        return len(rings)

    monkeypatch.setattr(doorbell, "push", push)
    with django_capture_on_commit_callbacks(execute=True):
        job = services.enqueue("echo")
        services.enqueue("echo", delay=60)
        assert rung == []
    assert rung == [job.pk]


def test_what_the_broker_did_not_take_is_rung_by_the_dispatcher(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "room", lambda queue: 2)
    monkeypatch.setattr(doorbell, "push", lambda queue, rings: 1)
    with django_capture_on_commit_callbacks(execute=True):
        first, second = services.enqueue_many("echo", [{"value": 1}, {"value": 2}])
    assert row(first).rung_at is not None
    assert row(second).rung_at is None
    assert seconds_from_now(row(second).dispatch_at) <= 0


def test_many_are_written_in_order_each_with_its_own_arguments() -> None:
    ids = services.enqueue_many("add", [{"a": n, "b": 1} for n in range(30)], keys=[f"k{n}" for n in range(30)])
    assert [row(one).arguments["a"] for one in ids] == list(range(30))
    assert len({row(one).correlation_id for one in ids}) == 1


def test_many_take_few_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(4):  # two of them a savepoint's
        services.enqueue_many("echo", [{"value": n} for n in range(2000)])
    assert Job.objects.count() == 2000


def test_of_many_those_known_by_key_add_nothing() -> None:
    services.enqueue("echo", {"value": 1}, key="a")
    assert len(services.enqueue_many("echo", [{"value": 1}, {"value": 2}], keys=["a", "b"])) == 1
    assert services.enqueue_many("echo", [{"value": 1}], keys=["a"]) == []


@pytest.mark.parametrize(
    ("values", "keys"), [([2, 3], ["a", "b"]), ([3, 4], ["b", "b"])], ids=["an old one's", "twice in one call"]
)
def test_of_many_a_key_of_something_else_is_refused_and_none_is_left(values: list[int], keys: list[str]) -> None:
    services.enqueue("echo", {"value": 1}, key="a")
    with pytest.raises(KeyTaken) as refused:
        services.enqueue_many("echo", [{"value": value} for value in values], keys=keys)
    assert refused.value.field == "job_id"
    assert Job.objects.count() == 1


def test_of_many_one_that_is_wrong_leaves_none() -> None:
    with pytest.raises(InvalidArguments):
        services.enqueue_many("add", [{"a": 1, "b": 1}, {"a": 1, "b": "one"}])
    assert not Job.objects.exists()


def test_of_many_only_as_many_are_rung_as_the_buffer_has_room_for(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "room", lambda queue: 50)
    monkeypatch.setattr(doorbell, "push", lambda queue, rings: len(rings))
    with django_capture_on_commit_callbacks(execute=True):
        ids = services.enqueue_many("echo", [{"value": n} for n in range(60)])
    assert [row(one).rung_at is not None for one in ids] == [True] * 50 + [False] * 10


def test_keys_that_do_not_match_the_jobs_are_refused() -> None:
    with pytest.raises(Refused, match="1 keys for 2 jobs"):
        services.enqueue_many("echo", [{}, {}], keys=["a"])


def test_none_of_many_is_none() -> None:
    assert services.enqueue_many("echo", []) == []


def test_a_job_is_found_by_its_id_and_by_its_key() -> None:
    job = put(key="my own id")
    assert services.find(job.pk).pk == services.find(str(job.pk)).pk == services.find("my own id").pk == job.pk
    assert services.find(job.pk.hex).pk == job.pk


def test_an_id_goes_before_anothers_key_that_looks_like_it() -> None:
    job = put()
    put(key=str(job.pk))
    assert services.find(str(job.pk)).pk == job.pk


@pytest.mark.parametrize("text", ["nothing", "", "\x00", "a\ud800", "x" * 10_000, str(uuid.UUID(int=9)), "%", "null"])
def test_a_job_that_is_not_there_is_not_found(text: str) -> None:
    with pytest.raises(JobNotFound) as refusal:
        services.find(text)
    assert refusal.value.field == "job_id"


def test_cancelling_says_whether_it_is_done() -> None:
    waiting, busy = put(key="k"), in_state("processing")
    done = services.cancel("k", by="ann", reason="wrong")
    asked = services.cancel(busy.pk, by="ann")
    assert (done.done, done.job.pk, done.job.reason) == (True, waiting.pk, "wrong")
    assert (asked.done, asked.job.status) == (False, "processing")


def test_cancelling_what_is_cancelled_is_done_already() -> None:
    assert services.cancel(in_state("cancelled").pk).done


@pytest.mark.parametrize("status", ["completed", "failed", "dead", "expired", "in_doubt"])
def test_cancelling_what_has_ended_is_refused(status: str) -> None:
    with pytest.raises(WrongState, match=f"is {status}: only one that waits or runs"):
        services.cancel(in_state(status).pk)


def test_a_reason_that_no_database_stores_is_cleaned() -> None:
    job, failed = put(), in_state("failed")
    services.cancel(job.pk, by="a\x00nn", reason="bad\x00 news \ud800" + "!" * 500)
    services.retry(failed.pk, by="a\x00nn", reason="good\x00 news \ud800")
    assert row(job.pk).reason.startswith("bad news")
    assert row(failed.pk).reason.startswith("good news")


def test_running_it_again_gives_it_back_waiting() -> None:
    job = in_state("dead", key="k")
    assert services.retry("k", by="ann").status == "pending"
    assert take(row(job.pk)).attempt == 2


@pytest.mark.parametrize("status", ["pending", "processing", "retrying", "completed", "in_doubt"])
def test_running_again_what_did_not_end_badly_is_refused(status: str) -> None:
    with pytest.raises(WrongState, match=f"is {status}: only a failed, dead, cancelled or expired"):
        services.retry(in_state(status).pk)


def test_the_verbs_of_a_job_that_is_not_there_say_so() -> None:
    for verb in (services.cancel, services.retry):
        with pytest.raises(JobNotFound):
            verb("nothing")


def test_clearing_a_queue_cancels_all_that_waits() -> None:
    services.enqueue_many("echo", [{"value": n} for n in range(220)])
    busy = in_state("processing")
    assert services.clear_queue("email") == 220
    assert (services.clear_queue("email"), row(busy.pk).status) == (0, "processing")


def test_an_unknown_queue_is_refused_with_those_that_are_known() -> None:
    for ask in (services.clear_queue, services.queue_stats):
        with pytest.raises(UnknownQueue, match=r"Unknown queue 'mail'. Queues: email, ai, crm"):
            ask("mail")


def test_the_numbers_of_a_queue() -> None:
    for status in (
        "pending",
        "processing",
        "retrying",
        "completed",
        "failed",
        "dead",
        "cancelled",
        "expired",
        "in_doubt",
    ):
        in_state(status)
    put(delay=60)
    put(queue="ai", task="add")
    assert services.queue_stats("email") == {"pending_jobs": 1, "delayed_jobs": 2, "total_jobs": 10, "total_results": 6}
    make_due(Job.objects.get(status="retrying"))
    assert services.queue_stats("email")["pending_jobs"] == 2


def test_the_numbers_of_an_empty_queue_are_zeros() -> None:
    assert set(services.queue_stats("crm").values()) == {0}


def test_a_job_that_outlived_its_latest_start_still_counts_until_it_expires() -> None:
    alter(put(expires=60), expires_at=datetime.now(UTC) - timedelta(hours=1))
    assert services.queue_stats("email")["pending_jobs"] == 1
