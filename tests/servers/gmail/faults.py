"""What goes wrong, and when."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field


class Refusal(Exception):
    """An answer that is an error, as Google words it."""

    def __init__(self, status: int, reason: str, message: str = "", retry_after: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.message = message or reason
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": self.retry_after} if self.retry_after else {}

    @property
    def body(self) -> bytes:
        errors = [{"domain": "global", "reason": self.reason, "message": self.message}]
        return json.dumps({"error": {"code": self.status, "message": self.message, "errors": errors}}).encode()


class Cut(Exception):
    """The connection ends without an answer, or in the middle of one."""


@dataclass
class Fault:
    """What happens to calls of one name (`messages.get`; empty: all), after the first `skip`, `times` times.

    `after_commit`: what was asked for is done all the same. `cut`: the connection ends without an answer; with
    `half`, in the middle of one. `do`: something happens just before the call.
    """

    call: str = ""
    status: int = 0
    reason: str = "backendError"
    retry_after: str = ""
    message: str = ""
    skip: int = 0
    times: int = 1
    after_commit: bool = False
    cut: bool = False
    half: bool = False
    garbage: bytes = b""
    do: Callable[[], object] | None = None
    met: int = field(default=0, init=False)

    def strikes(self, call: str) -> bool:
        """Whether it is this call's turn. Called once for each call."""
        if self.call not in ("", call):
            return False
        self.met += 1
        return self.skip < self.met <= self.skip + self.times

    def strike(self) -> None:
        if self.cut:
            raise Cut
        if self.status:
            raise Refusal(self.status, self.reason, self.message, self.retry_after)
