"""A cancel says what became of the job's effects."""

import pytest

from jobs import context, effects, lifecycle, services
from jobs.effects import Doubt, Fate, Receipt, SurelyNot
from jobs.errors import WrongState
from jobs.lifecycle import Claim
from jobs.models import Effect
from tests.jobs.states import running

pytestmark = pytest.mark.django_db(transaction=True)


def buying() -> Claim:
    return running(task="have_effect")


def order(claim: Claim, error: BaseException | None = None) -> None:
    """The job's effect; `error` is how it fails."""

    def make() -> Receipt:
        if error:
            raise error
        return Receipt("ORDER-1")

    with context.running(claim):
        effects.once("order:1", kind="order", do=make, resolve=lambda _: Doubt.CANNOT_KNOW, seconds=5)


def test_a_cancel_before_the_effect_says_so() -> None:
    answer = services.cancel(buying().id, by="ann")
    assert (answer.effect, list(answer.provider_ids)) == (Fate.BEFORE, [])
    assert str(answer) == "asked to stop before any effect"


def test_a_cancel_of_what_surely_did_not_happen_is_before_it() -> None:
    claim = buying()
    with pytest.raises(SurelyNot):
        order(claim, SurelyNot())
    assert services.cancel(claim.id).effect == Fate.BEFORE


def test_a_cancel_after_the_effect_is_too_late_and_names_it() -> None:
    claim = buying()
    order(claim)
    answer = services.cancel(claim.id, by="ann")
    assert (answer.effect, answer.provider_ids) == (Fate.TOO_LATE, ["ORDER-1"])
    assert str(answer) == "asked to stop; too late for what has happened (ORDER-1)"


def test_a_cancel_during_the_effect_is_in_doubt_and_later_knows() -> None:
    claim = buying()
    effect = begin(claim)
    answer = services.cancel(claim.id)
    assert (answer.effect, str(answer).endswith("is in doubt")) == (Fate.IN_DOUBT, True)
    Effect.objects.filter(pk=effect.pk).update(status="confirmed", provider_id="ORDER-2")
    assert services.cancel(claim.id).provider_ids == ["ORDER-2"]


def test_a_waiting_job_that_had_its_effect_is_cancelled_too_late() -> None:
    claim = buying()
    order(claim)
    lifecycle.snooze(claim, 60, "next")
    answer = services.cancel(claim.id)
    assert (answer.done, answer.effect) == (True, Fate.TOO_LATE)


def test_a_cancel_of_a_completed_job_is_refused_and_names_what_happened() -> None:
    claim = buying()
    order(claim)
    lifecycle.complete([(claim, "null")])
    with pytest.raises(WrongState, match=r"is completed: .* too late for what has happened \(ORDER-1\)"):
        services.cancel(claim.id)


def begin(claim: Claim) -> Effect:
    """As an attempt leaves it that dies in the middle of the effect."""
    with pytest.raises(KeyboardInterrupt):
        order(claim, KeyboardInterrupt())
    return Effect.objects.get(job=claim.id)
