"""What can go wrong when a model is asked; the caller decides what becomes of its job."""

from __future__ import annotations


class ModelError(Exception):
    """The model gave no answer. `code` is stable, the text names the remedy and holds no secret and no mail."""

    code = "AI_ERROR"


class AINotConfigured(ModelError):
    """This needs a model that is not set up. Permanent until the settings change."""

    code = "AI_NOT_CONFIGURED"


class ModelRefused(ModelError):
    """The provider or the model said no: bad key, bad request, refused prompt. Permanent."""

    code = "AI_REFUSED"


class ModelUnavailable(ModelError):
    """The provider cannot answer now.

    `retry_after`: seconds the provider asked for, None if it did not say.
    `counts`: whether trying again should cost an attempt; False when the provider named the time itself.
    """

    code = "AI_UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: float | None = None, counts: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.counts = counts


class ModelAnswerInvalid(ModelError):
    """An answer came and is of no use: not JSON, another schema, cut short. Worth one more try, each is paid for."""

    code = "AI_ANSWER_INVALID"
