"""Which tasks there are, and what arguments they take."""

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from jobs import registry
from jobs.errors import InvalidArguments, UnknownTask
from jobs.queues import crm_queue, email_queue
from jobs.registry import Options, TaskSpec


def spec(function: Any, *, bound: bool = False) -> TaskSpec:
    return TaskSpec("t", function, Options(), bound)


def refused(function: Any, *args: Any, **kwargs: Any) -> InvalidArguments:
    with pytest.raises(InvalidArguments) as refusal:
        spec(function).bind(args, kwargs)
    assert refusal.value.code == "INVALID_ARGUMENTS"
    return refusal.value


def two(a: int, b: str = "x") -> None: ...
def anything(value: Any) -> None: ...
def starred(first: int, *rest: int, flag: bool = False) -> None: ...
def open_ended(first: int, **more: Any) -> None: ...
def positional_only(a: int, b: int = 2, /, c: int = 3) -> None: ...
def everything(a: Any, /, b: Any = 0, *rest: Any, c: Any = 0, **more: Any) -> Any:
    return a, b, rest, c, more


class Lead(BaseModel):
    email: str
    score: int = 0


def typed(ids: list[int], when: uuid.UUID | None = None, lead: Lead | None = None, share: float = 0) -> None: ...


def test_arguments_are_kept_by_name() -> None:
    assert spec(two).bind((1,), {"b": "y"}) == {"a": 1, "b": "y"}
    assert spec(two).bind((1,), {}) == {"a": 1}


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, "x", 3), {}, "too many positional arguments"),
        ((1,), {"c": 1}, "got an unexpected keyword argument 'c'"),
        ((1,), {"a": 1}, "multiple values for argument 'a'"),
    ],
)
def test_arguments_that_do_not_fit_the_signature_are_refused(
    args: tuple[Any, ...], kwargs: dict[str, Any], said: str
) -> None:
    assert said in str(refused(two, *args, **kwargs))
    assert "It takes (a: int, b: str = 'x')" in str(refused(two, *args, **kwargs))


@pytest.mark.parametrize(
    ("kwargs", "field"),
    [
        ({"ids": "1"}, "ids"),
        ({"ids": [1, "2"]}, "ids.1"),
        ({"ids": [True]}, "ids.0"),
        ({"ids": [], "when": "yesterday"}, "when"),
        ({"ids": [], "lead": {"score": 1}}, "lead.email"),
        ({"ids": [], "share": "half"}, "share"),
        ({"ids": None}, "ids"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_place(kwargs: dict[str, Any], field: str) -> None:
    refusal = refused(typed, **kwargs)
    assert refusal.field.startswith(field)
    assert str(refusal).startswith(f"t: {field}")


def test_values_of_the_right_type_pass() -> None:
    given_ = {"ids": [1], "when": str(uuid.uuid4()), "lead": {"email": "a@example.com"}, "share": 1}
    assert spec(typed).bind((), given_) == given_


def test_a_refusal_does_not_repeat_the_value() -> None:
    assert "hunter2" not in str(refused(two, "hunter2"))


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", uuid.UUID(int=1), float("nan"), float("inf"), 10**5000],
    ids=["object", "set", "bytes", "uuid", "nan", "inf", "endless"],
)
def test_what_is_not_json_is_refused_by_name(value: Any) -> None:
    refusal = refused(anything, value)
    assert refusal.field == "value"
    assert "value is not JSON" in str(refusal)


def test_what_goes_round_in_circles_or_too_deep_is_refused() -> None:
    round_: list[Any] = []
    round_.append(round_)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert refused(anything, round_).field == "value"
    assert refused(anything, deep).field == "value"


@pytest.mark.parametrize("value", ["a\x00b", {"k": ["\x00"]}, {"\x00": 1}])
def test_a_nul_is_refused_by_name(value: Any) -> None:
    refusal = refused(anything, value)
    assert (refusal.field, "holds a NUL" in str(refusal)) == ("value", True)


@pytest.mark.parametrize("value", ["\ud800", "tail\udfff", ["\ud83d"], {"\udc00": 1}])
def test_half_a_surrogate_pair_is_refused_by_name(value: Any) -> None:
    refusal = refused(anything, value)
    assert (refusal.field, "surrogate" in str(refusal)) == ("value", True)
    assert refused(two, 1, b="\ud800").field == "b"


@pytest.mark.parametrize("value", ["\\u0000", "\\\\u0000", r"C:\u0000", "🙂", "\x01\x7f\u2028"])
def test_text_that_only_looks_bad_is_kept(value: str) -> None:
    assert spec(anything).bind((value,), {}) == {"value": value}


def test_arguments_may_be_64_kib_and_no_more() -> None:
    fits = "x" * (65_536 - len('{"value": ""}'))
    assert spec(anything).bind((fits,), {}) == {"value": fits}
    refusal = refused(anything, fits + "x")
    assert refusal.field == "value"
    assert "65,537 bytes, the limit is 65,536" in str(refusal)
    assert "pass its id" in str(refusal)


def test_the_limit_is_in_bytes_not_characters() -> None:
    assert refused(anything, "ä" * 40_000).field == "value"


def test_of_too_much_the_largest_is_named() -> None:
    assert refused(open_ended, 1, small="x", large="x" * 70_000).field == "large"


def test_tuples_and_number_keys_arrive_as_json_makes_them() -> None:
    assert spec(anything).bind(((1, 2),), {}) == {"value": [1, 2]}
    assert spec(anything).bind(({1: "a"},), {}) == {"value": {"1": "a"}}


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (starred, (1, 2, 3), {"flag": True}),
        (starred, (1,), {}),
        (open_ended, (1,), {"x": 1, "y": [2]}),
        (positional_only, (1,), {}),
        (positional_only, (1, 2), {"c": 4}),
        (two, (), {"b": "y", "a": 1}),
    ],
)
def test_a_call_arrives_as_it_was_made(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    task = spec(function)
    kept = task.bind(args, kwargs)
    back = task.call_arguments(kept)
    assert task.signature.bind(*back[0], **back[1]) == task.signature.bind(*args, **kwargs)
    assert task.bind((), kept) == kept  # for a copy, all of them are given by name


names = st.sampled_from(["b", "c", "x", "y"])
values = st.one_of(st.integers(-5, 5), st.text("aä🙂", max_size=3), st.none(), st.lists(st.integers(), max_size=2))


@settings(max_examples=100, deadline=None)
@given(args=st.lists(values, min_size=1, max_size=5), kwargs=st.dictionaries(names, values, max_size=3))
def test_whatever_fits_arrives_as_it_was_sent(args: list[Any], kwargs: dict[str, Any]) -> None:
    try:
        wanted = everything(*args, **kwargs)
    except TypeError:
        refused(everything, *args, **kwargs)
        return
    task = spec(everything)
    kept = task.bind(args, kwargs)
    back, named = task.call_arguments(kept)
    assert everything(*back, **named) == wanted
    assert task.bind((), kept) == kept


def test_by_name_alone_what_is_positional_is_given_too() -> None:
    def all_sorts(a: int, b: int = 2, *rest: int) -> None: ...

    task = spec(all_sorts)
    assert task.call_arguments(task.bind((), {"a": 1, "rest": [5]})) == ([1, 2, 5], {})
    assert refused(all_sorts, a=1, rest=5).field == "rest"
    assert refused(all_sorts, a=1, rest="567").field == "rest"
    assert "missing a required argument: 'a'" in str(refused(all_sorts, rest=[]))
    assert refused(positional_only, b=1).field == "args"


def test_a_bound_task_is_called_without_its_self() -> None:
    found = registry.get("tests.tasks_app.tasks.bound")
    assert found.bound
    assert found.bind((1,), {}) == {"a": 1}
    with pytest.raises(InvalidArguments, match=r"It takes \(a: int, b: int = 2\)"):
        found.bind((), {})


def test_a_celery_task_of_a_library_is_known_on_the_email_queue() -> None:
    found = registry.get("tests.tasks_app.tasks.plain_celery")
    assert (found.queue, found.options.max_retries, found.options.time_limit) == ("email", 3, 300)


def test_an_annotation_that_only_a_type_checker_can_read_is_no_check() -> None:
    def odd(a: "NoSuchType", b: int) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert spec(odd).bind((1, 2), {}) == {"a": 1, "b": 2}


def test_a_name_is_one_functions() -> None:
    def add(a: int) -> None: ...

    with pytest.raises(UnknownTask, match=r"Task 'add' is tests.tasks_app.tasks.add already"):
        crm_queue.task()(add)


def test_what_is_atomic_has_no_effects() -> None:
    def both() -> None: ...

    with pytest.raises(InvalidArguments, match="what cannot be taken back cannot be rolled back"):
        crm_queue.task(atomic=True, effects=True)(both)
    assert registry.find("both") is None


def test_options_of_a_task_and_what_follows_from_them() -> None:
    def slow() -> None: ...

    email_queue.task(name="tests.slow", time_limit=900, soft_time_limit=890, max_retries=0, effects=True)(slow)
    options = registry.get("tests.slow").options
    assert (options.time_limit, options.soft_time_limit, options.max_retries) == (900, 890, 0)
    assert (options.effects, options.local, options.atomic) == (True, False, False)


def test_a_soft_limit_alone_makes_room_for_itself() -> None:
    def patient() -> None: ...

    crm_queue.task(name="tests.patient", soft_time_limit=100)(patient)
    assert registry.get("tests.patient").options.time_limit == 115


def test_a_hard_limit_alone_leaves_time_for_the_soft_one() -> None:
    def quick() -> None: ...

    crm_queue.task(name="tests.quick", time_limit=10)(quick)
    options = registry.get("tests.quick").options
    assert 0 < options.soft_time_limit < options.time_limit == 10


def test_scalars_are_checked_without_a_checker_and_as_strictly() -> None:
    def task(a: int, b: str | None = None, c: float = 0, d: bool = False) -> None: ...

    assert spec(task).bind((), {"a": 1, "b": None, "c": 2, "d": True}) == {"a": 1, "b": None, "c": 2, "d": True}
    for wrong in ({"a": True}, {"a": 1.5}, {"a": "1"}, {"a": 1, "b": 2}, {"a": 1, "d": 1}, {"a": None}):
        refused(task, **wrong)


def test_arguments_are_a_copy() -> None:
    given_ = {"value": [1]}
    bound = spec(anything).bind((), given_)
    given_["value"].append(2)
    assert bound == {"value": [1]}
