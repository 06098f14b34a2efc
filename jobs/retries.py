"""What becomes of an error: rules by its class. The most specific class that a task names wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jobs.errors import Answer, InvalidArguments, Superseded

LONGEST = 86_400.0  # seconds


@dataclass(frozen=True, kw_only=True)
class RetryRule:
    """How often and when a task is retried after one kind of error.

    Raises:
        InvalidArguments: naming the field that is out of its range.
    """

    max_retries: int | None = None  # of this kind, counted apart; None counts it among all the job's errors
    delay: float | None = None  # seconds before the first retry; None is the usual backoff
    backoff: float = 2  # what each later delay is longer by
    max_delay: float = 3600  # seconds

    def __post_init__(self) -> None:
        for name, least, most in (
            ("max_retries", 0, 1000),
            ("delay", 0, LONGEST),
            ("backoff", 1, 100),
            ("max_delay", 0, LONGEST),
        ):
            value = getattr(self, name)
            if value is not None and not least <= value <= most:  # so that NaN is refused too
                raise InvalidArguments(f"RetryRule: {name} is {value}: give {least:g} to {most:g}.", field=name)

    def seconds(self, failures: int) -> float | None:
        """The delay after so many failures of this kind; None is the usual backoff."""
        if self.delay is None:
            return None
        return float(min(self.delay * self.backoff ** min(failures - 1, 100), self.max_delay))


Rules = Mapping[type[Exception], RetryRule]


def check(task: str, rules: Rules, permanent: Sequence[type[Exception]]) -> None:
    """Raises InvalidArguments, naming what cannot be a rule and why."""
    for error in (*rules, *permanent):
        field = "retry" if error in rules else "permanent"
        if not (isinstance(error, type) and issubclass(error, Exception)):
            raise InvalidArguments(f"Task {task!r}: {field} names {error!r}, which is no exception class.", field=field)
        if issubclass(error, Answer | Superseded):
            raise InvalidArguments(
                f"Task {task!r}: {field} names {error.__name__}, which is an answer and already says what happens.",
                field=field,
            )
    for error, rule in rules.items():
        if not isinstance(rule, RetryRule):
            raise InvalidArguments(
                f"Task {task!r}: the rule for {error.__name__} is {rule!r}: give a RetryRule(...).", field="retry"
            )
        if error in permanent:
            raise InvalidArguments(
                f"Task {task!r}: {error.__name__} is both retried and permanent. Choose one.", field="permanent"
            )


def kind_of(
    error: BaseException, rules: Rules, permanent: Sequence[type[Exception]]
) -> tuple[type[Exception] | None, RetryRule | None]:
    """The most specific class that the task names for an error, with its rule; a permanent error has no rule."""
    for kind in type(error).__mro__:
        if kind in permanent or kind in rules:
            return kind, rules.get(kind)
    return None, None


def name_of(kind: type[Exception]) -> str:
    """How the ledger names the class of a rule."""
    return f"{kind.__module__}.{kind.__qualname__}"[-150:]


def without_budgets(rules: Rules) -> Rules:
    """The same rules, counting every error among all of the job's."""
    return {kind: replace(rule, max_retries=None) for kind, rule in rules.items()}
