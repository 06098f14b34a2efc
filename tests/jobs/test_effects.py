"""What cannot be taken back happens once, whoever comes again; who may not act does not."""

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction

from jobs import context, effects, lifecycle
from jobs.effects import Doubt, Receipt, Resolver, SurelyNot, Unclear
from jobs.errors import Cancelled, InDoubt, Refused, Snooze, Superseded
from jobs.lifecycle import Claim
from jobs.models import Effect
from tests.jobs.states import BROKEN, THERE, row, running, take

pytestmark = pytest.mark.django_db(transaction=True)

SENT = Receipt("provider-1")
KEY = "welcome:7"


class Provider:
    """Counts what happened, outside of the ledger."""

    def __init__(self) -> None:
        self.made = 0

    def make(self) -> Receipt:
        self.made += 1
        return SENT

    def surely_not(self) -> Receipt:
        raise SurelyNot("refused before anything was said")

    def unclear(self) -> Receipt:
        raise Unclear("the line dropped")

    def dies(self) -> Receipt:
        raise KeyboardInterrupt


@pytest.fixture
def provider() -> Provider:
    return Provider()


def job() -> Claim:
    return running(task="have_effect", max_retries=9)


def next_attempt(claim: Claim) -> Claim:
    """As after the process of this one is gone."""
    assert lifecycle.rescue(row(claim.id), "gone", died=False)
    return take(row(claim.id), THERE)


def act(claim: Claim, do: Callable[[], Receipt], resolve: Resolver | Doubt | Receipt = Doubt.CANNOT_KNOW) -> Receipt:
    with context.running(claim):
        answer = resolve if callable(resolve) else lambda _: resolve
        return effects.once(KEY, kind="mail", do=do, resolve=answer, seconds=5)


def left_open(claim: Claim, provider: Provider, resolve: Doubt = Doubt.CANNOT_KNOW) -> None:
    """The process dies in the middle of it."""
    with pytest.raises(KeyboardInterrupt):
        act(claim, provider.dies, resolve)


def effect() -> Effect:
    return Effect.objects.get(key=KEY)


def test_it_is_written_down_before_it_is_made_and_confirmed_after() -> None:
    claim = job()
    act(claim, lambda: Receipt(f"made while {effect().status}"))
    assert (effect().status, effect().provider_id, effect().job_id) == ("confirmed", "made while attempting", claim.id)


def test_what_was_made_is_not_made_again(provider: Provider) -> None:
    claim = job()
    assert act(claim, provider.make).made_now
    again = act(next_attempt(claim), provider.make)
    assert (provider.made, again.made_now, again.provider_id) == (1, False, "provider-1")


def test_what_another_job_made_is_not_made_again(provider: Provider) -> None:
    act(job(), provider.make)
    assert not act(job(), provider.make).made_now
    assert provider.made == 1


def test_after_a_death_the_provider_is_asked_and_believed(provider: Provider) -> None:
    claim = job()
    left_open(claim, provider)
    found = act(next_attempt(claim), provider.make, Receipt("found"))
    assert (provider.made, found.made_now, effect().status, effect().provider_id) == (0, False, "confirmed", "found")


def test_what_surely_did_not_happen_is_made(provider: Provider) -> None:
    claim = job()
    left_open(claim, provider)
    act(next_attempt(claim), provider.make, Doubt.SURELY_NOT)
    assert (provider.made, effect().status) == (1, "confirmed")


def test_what_cannot_be_known_is_not_made(provider: Provider) -> None:
    claim = job()
    left_open(claim, provider)
    with pytest.raises(InDoubt):
        act(next_attempt(claim), provider.make, Doubt.CANNOT_KNOW)
    assert (provider.made, effect().status) == (0, "attempting")


def test_an_unclear_answer_is_asked_about_later(provider: Provider) -> None:
    with pytest.raises(Snooze):
        act(job(), provider.unclear)
    assert effect().status == "attempting"


def test_a_failure_is_made_again_without_asking(provider: Provider) -> None:
    claim = job()
    with pytest.raises(SurelyNot):
        act(claim, provider.surely_not)
    assert effect().status == "failed"
    act(next_attempt(claim), provider.make, Doubt.CANNOT_KNOW)
    assert (provider.made, effect().status, effect().attempt) == (1, "confirmed", 2)


def test_an_attempt_that_was_superseded_does_not_act(provider: Provider) -> None:
    claim = job()
    next_attempt(claim)
    with pytest.raises(Superseded):
        act(claim, provider.make)
    assert (provider.made, Effect.objects.count()) == (0, 0)


def test_an_attempt_that_has_ended_does_not_act(provider: Provider) -> None:
    claim = job()
    lifecycle.fail(claim, BROKEN)
    with pytest.raises(Superseded):
        act(claim, provider.make)
    assert provider.made == 0


def test_a_cancel_comes_before_the_effect(provider: Provider) -> None:
    claim = job()
    lifecycle.cancel(claim.id, by="ann", reason="")
    with pytest.raises(Cancelled):
        act(claim, provider.make)
    assert (provider.made, Effect.objects.count()) == (0, 0)


def test_too_little_time_left_is_no_time_to_begin(provider: Provider) -> None:
    with context.running(job()) as here:
        here.started -= 281  # of 285 seconds
        with pytest.raises(Snooze):
            effects.once(KEY, kind="mail", do=provider.make, resolve=lambda _: SENT, seconds=5)
    assert provider.made == 0


def test_nothing_is_made_inside_a_transaction_that_may_roll_back(provider: Provider) -> None:
    claim = job()
    with transaction.atomic(), pytest.raises(Refused, match="outside a transaction"):
        act(claim, provider.make)
    assert provider.made == 0


def test_while_another_job_makes_it_one_waits(provider: Provider) -> None:
    left_open(job(), provider)
    with pytest.raises(Snooze):
        act(job(), provider.make, Doubt.SURELY_NOT)
    assert provider.made == 0


def test_what_a_job_left_open_and_will_not_come_back_to_is_looked_up_by_the_next(provider: Provider) -> None:
    first, second = job(), job()
    left_open(first, provider)
    lifecycle.fail(first, BROKEN)
    act(second, provider.make, Doubt.SURELY_NOT)
    assert (provider.made, effect().job_id, effect().status) == (1, second.id, "confirmed")


def test_what_another_job_failed_to_do_becomes_this_jobs_to_finish(provider: Provider) -> None:
    first, second = job(), job()
    with pytest.raises(SurelyNot):
        act(first, provider.surely_not)
    left_open(second, provider)
    act(next_attempt(second), provider.make, Doubt.SURELY_NOT)  # else it would wait for the first for ever
    assert (provider.made, effect().job_id) == (1, second.id)


def test_of_two_who_take_up_a_failure_one_makes_it(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = job(), job()
    with pytest.raises(SurelyNot):
        act(first, provider.surely_not)
    stale = effect()
    left_open(second, provider)
    monkeypatch.setattr(Effect.objects, "get_or_create", lambda **_: (stale, False))  # read before the other wrote
    with pytest.raises(Snooze):
        act(job(), provider.make)
    assert provider.made == 0


def test_a_late_no_does_not_undo_what_a_later_attempt_is_doing(provider: Provider) -> None:
    claim = job()

    def frozen() -> Receipt:
        left_open(next_attempt(claim), provider, Doubt.SURELY_NOT)
        raise SurelyNot("its connection had gone meanwhile")

    with pytest.raises(SurelyNot):
        act(claim, frozen)
    assert (effect().status, effect().attempt) == ("attempting", 2)


def test_a_late_yes_is_a_yes(provider: Provider) -> None:
    claim = job()

    def frozen() -> Receipt:
        with pytest.raises(SurelyNot):
            act(next_attempt(claim), provider.surely_not, Doubt.SURELY_NOT)
        return provider.make()

    act(claim, frozen)
    assert effect().status == "confirmed"


def test_only_a_job_that_was_declared_so_has_effects(provider: Provider) -> None:
    with pytest.raises(Refused, match="inside a task"):
        effects.once(KEY, kind="mail", do=provider.make, resolve=lambda _: SENT, seconds=5)
    with context.running(running(task="echo")), pytest.raises(Refused, match="effects=True"):
        effects.once(KEY, kind="mail", do=provider.make, resolve=lambda _: SENT, seconds=5)
    assert provider.made == 0


def test_an_effect_that_does_not_fit_its_job_is_refused(provider: Provider) -> None:
    claim = running(task="have_effect", soft_time_limit=4)
    with pytest.raises(Refused, match="does not fit"):
        act(claim, provider.make)
    assert provider.made == 0


def test_what_is_learned_on_the_way_is_kept_for_the_resolver(provider: Provider) -> None:
    claim = job()

    def drafts() -> Receipt:
        effects.remember(KEY, draft="d-1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        act(claim, drafts)
    found = act(next_attempt(claim), provider.make, lambda open_one: Receipt(open_one.detail["draft"]))
    assert found.provider_id == "d-1"


def test_what_a_superseded_attempt_learns_is_not_kept() -> None:
    first = job()

    def drafts(number: str) -> Callable[[], Receipt]:
        def draft() -> Receipt:
            effects.remember(KEY, draft=number)
            raise KeyboardInterrupt

        return draft

    def frozen() -> Receipt:
        with pytest.raises(KeyboardInterrupt):
            act(next_attempt(first), drafts("of the second"), Doubt.SURELY_NOT)
        return drafts("of the first")()

    with pytest.raises(Superseded):
        act(first, frozen)
    assert Effect.objects.get(key=KEY).detail == {"draft": "of the second"}


def test_a_key_is_its_own(provider: Provider) -> None:
    act(job(), provider.make)
    with context.running(job()):
        effects.once(f"{KEY}:{uuid.uuid4()}", kind="mail", do=provider.make, resolve=lambda _: SENT, seconds=5)
    assert provider.made == 2
