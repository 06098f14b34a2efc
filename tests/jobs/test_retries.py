"""Retry rules by exception: the most specific class wins, each rule with its own budget and delays."""

from typing import Any

import pytest

from jobs import executor, lifecycle, services
from jobs.errors import Fail, InvalidArguments
from jobs.models import Job
from jobs.queues import email_queue
from jobs.retries import RetryRule, kind_of
from tests.jobs.states import attempts, make_due, row, seconds_from_now


def run(*errors_of: str, **options: Any) -> Job:
    """A job whose attempts raise these, run as often."""
    job = services.enqueue("call_api", {"errors_of": errors_of}, **options)
    for _ in errors_of:
        executor.run(make_due(row(job.pk)).pk)
    return row(job.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "delay"),
    [
        ("ConnectionResetError", "retrying", 5),
        ("Throttled", "retrying", 100),  # though it is a ConnectionError
        ("ConnectionRefusedError", "failed", None),  # permanent, though it is a ConnectionError
        ("KeyError", "failed", None),
        ("FileNotFoundError", "dead", None),  # by the rule for OSError
        ("ValueError", "retrying", 30),  # no rule: the usual backoff
    ],
)
def test_the_most_specific_class_decides(error: str, status: str, delay: float | None) -> None:
    job = run(error)
    assert (job.status, job.error_class) == (status, error)
    if delay:
        assert delay - 2 <= seconds_from_now(job.run_at) <= delay * 1.2 + 2


@pytest.mark.django_db
def test_a_rules_own_retries_cost_none_of_the_jobs() -> None:
    job = run("ConnectionResetError", "ConnectionResetError", "ValueError", "ConnectionResetError")
    assert (job.status, job.failures, job.max_retries) == ("retrying", 1, 1)
    assert [attempt.rule for attempt in attempts(job.pk)].count("builtins.ConnectionError") == 3
    executor.run(make_due(job).pk)
    assert row(job.pk).status == "completed"


@pytest.mark.django_db
@pytest.mark.parametrize("errors_of", [["ConnectionResetError"] * 4, ["ValueError"] * 2, ["Throttled", "ValueError"]])
def test_a_job_is_dead_when_one_budget_is_used_up(errors_of: list[str]) -> None:
    assert run(*errors_of[:-1]).status == "retrying"
    assert run(*errors_of).status == "dead"


@pytest.mark.django_db
def test_later_delays_are_longer_up_to_their_limit() -> None:
    delays = [seconds_from_now(run(*["ConnectionResetError"] * times).run_at) for times in (1, 2, 3)]
    assert all(low - 2 <= delay <= low * 1.2 + 2 for low, delay in zip((5, 15, 20), delays, strict=True))


@pytest.mark.django_db
@pytest.mark.parametrize("max_retries", [0, 2])
def test_retries_given_with_a_job_hold_for_every_error(max_retries: int) -> None:
    errors_of = ["ConnectionResetError"] * (max_retries + 1)
    job = run(*errors_of, max_retries=max_retries)
    assert (job.status, job.failures) == ("dead", max_retries + 1)


@pytest.mark.django_db
def test_a_job_run_again_by_hand_has_every_budget_anew() -> None:
    job = run(*["ConnectionResetError"] * 4)
    assert job.status == "dead"
    lifecycle.replay(job.pk, by="ann", reason="")
    assert not any(attempt.rule for attempt in attempts(job.pk))


@pytest.mark.django_db
@pytest.mark.parametrize(("countdown", "status"), [(None, "dead"), (7, "retrying")])
def test_celerys_retry_heeds_the_rule_for_what_was_caught(countdown: float | None, status: str) -> None:
    job = services.enqueue("retries_what_it_caught", {"countdown": countdown})
    executor.run(job.pk)
    assert row(job.pk).status == status


def declare(**options: Any) -> None:
    @email_queue.task("never_declared", **options)
    def never_declared() -> None:
        """Refused before it is known."""


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"retry": {"OSError": RetryRule()}}, "retry", "'OSError', which is no exception class"),
        ({"retry": {KeyboardInterrupt: RetryRule()}}, "retry", "no exception class"),
        ({"retry": {Fail: RetryRule()}}, "retry", "Fail, which is an answer"),
        ({"retry": {OSError: 3}}, "retry", "the rule for OSError is 3"),
        ({"retry": {OSError: RetryRule()}, "permanent": (OSError,)}, "permanent", "both retried and permanent"),
        ({"permanent": (ValueError("no"),)}, "permanent", "no exception class"),
    ],
)
def test_rules_that_make_no_sense_are_refused_when_declared(options: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidArguments, match=words) as refused:
        declare(**options)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_retries", -1), ("delay", -1), ("delay", float("nan")), ("backoff", 0.5), ("max_delay", 10**9)],
)
def test_a_rule_out_of_range_is_refused_by_its_field(field: str, value: float) -> None:
    with pytest.raises(InvalidArguments, match=f"{field} is") as refused:
        RetryRule(**{field: value})  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_class_that_no_rule_names_has_none() -> None:
    assert kind_of(ValueError(), {OSError: RetryRule()}, (LookupError,)) == (None, None)
