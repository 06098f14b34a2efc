"""A person's word on an effect in doubt: once, for what is open, and the job runs on."""

import pytest

from jobs import lifecycle
from jobs.clock import now
from jobs.lifecycle import Claim
from jobs.models import Effect, EffectStatus, JobEvent
from tests.jobs.states import BROKEN, row, running, take

pytestmark = pytest.mark.django_db


def doubtful(key: str = "k", status: str = EffectStatus.ATTEMPTING) -> tuple[Claim, Effect]:
    """A job in doubt, with an effect."""
    claim = running()
    effect = Effect.objects.create(
        key=key, job_id=claim.id, attempt=claim.attempt, kind="mail", status=status, created_at=now()
    )
    lifecycle.doubt(claim, BROKEN)
    return claim, effect


def resolve(claim: Claim, effect: Effect, *, happened: bool = True) -> bool:
    return lifecycle.resolve(claim.id, effect.pk, happened=happened, by="ann", reason="asked the bank")


@pytest.mark.parametrize(("happened", "status"), [(True, "confirmed"), (False, "failed")])
def test_the_job_runs_on_with_the_answer(happened: bool, status: str) -> None:
    claim, effect = doubtful()
    assert resolve(claim, effect, happened=happened)
    effect.refresh_from_db()
    assert (effect.status, effect.settled_by, effect.reason) == (status, "ann", "asked the bank")
    assert take(row(claim.id)).attempt == 2
    assert JobEvent.objects.get(job=claim.id).detail["happened"] is happened


def test_the_first_answer_counts() -> None:
    claim, effect = doubtful()
    assert resolve(claim, effect, happened=True)
    assert not resolve(claim, effect, happened=False)
    effect.refresh_from_db()
    assert effect.status == "confirmed"


def test_what_the_provider_confirmed_is_no_doubt() -> None:
    claim, effect = doubtful(status=EffectStatus.CONFIRMED)
    assert not resolve(claim, effect, happened=False)
    effect.refresh_from_db()
    assert (effect.status, row(claim.id).status) == ("confirmed", "in_doubt")


def test_another_jobs_effect_settles_nothing() -> None:
    claim, _ = doubtful()
    _, others = doubtful("other")
    assert not resolve(claim, others)
    assert row(claim.id).status == "in_doubt"


def test_a_running_jobs_effect_is_its_own() -> None:
    claim = running()
    effect = Effect.objects.create(key="k", job_id=claim.id, attempt=1, kind="mail", created_at=now())
    assert not resolve(claim, effect)
    assert row(claim.id).status == "processing"


def test_after_a_cancel_it_ends_as_cancelled() -> None:
    claim = running()
    lifecycle.cancel(claim.id, by="ann", reason="")
    effect = Effect.objects.create(key="k", job_id=claim.id, attempt=1, kind="mail", created_at=now())
    lifecycle.doubt(claim, BROKEN)
    assert resolve(claim, effect)
    assert row(claim.id).status == "cancelled"  # pending, nobody could ever have claimed it


def test_what_a_task_itself_doubts_is_written_down_for_a_persons_word() -> None:
    claim = running()
    lifecycle.doubt(claim, BROKEN)
    effect = Effect.objects.get()
    assert (effect.job_id, effect.kind, effect.status) == (claim.id, "job", "attempting")
    assert effect.detail == {"reason": BROKEN.error}


def test_a_task_that_is_in_doubt_again_asks_again() -> None:
    claim = running()
    lifecycle.doubt(claim, BROKEN)
    assert resolve(claim, Effect.objects.get(), happened=False)
    lifecycle.doubt(take(row(claim.id)), BROKEN)
    effect = Effect.objects.get()
    assert (effect.attempt, effect.status) == (2, "attempting")
    assert resolve(claim, effect, happened=True)


def test_an_effect_in_doubt_is_all_that_is_asked_about() -> None:
    _, effect = doubtful()
    assert list(Effect.objects.all()) == [effect]
