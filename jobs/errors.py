"""What a task may answer besides returning, and what the platform refuses."""

from __future__ import annotations


class Answer(Exception):
    """A task's own decision about its job. Anything else that it raises is an error and is retried as one."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(Answer):
    """Run again after this many seconds.

    `counts=False`: the wish of a provider (429, Retry-After), which costs no retry.
    """

    def __init__(self, after: float, reason: str = "", *, counts: bool = True) -> None:
        super().__init__(reason)
        self.after = max(0.0, after)
        self.counts = counts


class RetryRequest(Answer):
    """What `self.retry()` of plain Celery raises here. `after=None` is the usual backoff."""

    def __init__(self, after: float | None, reason: str, cause: BaseException | None = None) -> None:
        super().__init__(reason)
        self.after = after
        self.cause = cause


class Snooze(Answer):
    """Go on after this many seconds, as the same job: the next slice of long work. Costs no retry."""

    def __init__(self, seconds: float = 0, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = max(0.0, seconds)


class Held(Answer):
    """Wait until `services.release(key)`, whoever calls that and when. Costs no retry.

    Said where `services.hold(key, reason)` holds it; where that is released already, the job goes on at once.
    """

    def __init__(self, key: str, reason: str = "") -> None:
        super().__init__(reason)
        self.key = key


class Discard(Answer):
    """There is nothing to do any more: ends as cancelled, with the reason."""


class Cancelled(Answer):
    """Somebody asked for this job to be cancelled; raised by the next progress call and before each effect."""


class Fail(Answer):
    """A permanent error: no retry can mend it. `code` is a stable word for programs."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class InDoubt(Answer):
    """An effect may or may not have happened and nobody can be asked: a person decides."""


class Superseded(Exception):
    """This attempt no longer owns its job: another has claimed it. Stop at once, cause nothing."""


class Refused(ValueError):
    """The platform refuses a request. `code` is a stable word, `field` names what is wrong."""

    code = "REFUSED"

    def __init__(self, message: str, *, field: str = "", code: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.code = code or self.code


class UnknownQueue(Refused):
    code = "INVALID_QUEUE"


class UnknownTask(Refused):
    code = "UNKNOWN_TASK"


class InvalidArguments(Refused, TypeError):
    code = "INVALID_ARGUMENTS"


class KeyTaken(Refused):
    """A caller's own id was used before for something else."""

    code = "KEY_TAKEN"


class JobNotFound(Refused):
    code = "JOB_NOT_FOUND"


class WrongState(Refused):
    """The job is in no state for this verb."""

    code = "WRONG_STATE"


class Busy(WrongState):
    """A unique job's place is taken by the job `holder`."""

    code = "BUSY"

    def __init__(self, message: str, *, holder: str) -> None:
        super().__init__(message, field="unique")
        self.holder = holder


class JobFailed(Exception):
    """All that Celery learns of an error: it goes to its log and to events, which strangers may read."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Job {job_id} failed; its attempts say why.")
        self.job_id = job_id
