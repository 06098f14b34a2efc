"""The shape of a mailer, and what it may say of a mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from email_automation.models import OutgoingMail
from jobs.effects import Doubt, Receipt
from jobs.models import Effect

LastStep = Callable[[], None]  # called right before what cannot be taken back; raises where it is not to be


class Rejected(Exception):
    """It surely did not go, and never will as it is. `code` is a stable word; the text names the remedy."""

    def __init__(self, code: str, reason: str, undelivered: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.undelivered = dict(undelivered or {})


class Later(Exception):
    """It surely did not go, and may go later: `after` seconds, at no cost, where the provider says so."""

    def __init__(
        self, reason: str, *, after: float | None = None, undelivered: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(reason)
        self.after = after
        self.undelivered = dict(undelivered or {})


@dataclass(frozen=True)
class Taken:
    """What a server took: for whom, whom it refuses for good and why, and for whom it is to be asked again."""

    delivered: Sequence[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    deferred: Mapping[str, str] = field(default_factory=dict)
    provider_id: str = ""
    thread_id: str = ""
    message_id: str = ""

    def receipt(self) -> Receipt:
        detail = {
            "delivered": list(self.delivered),
            "refused": dict(self.refused),
            "deferred": dict(self.deferred),
            "thread_id": self.thread_id,
            "message_id": self.message_id,
        }
        return Receipt(self.provider_id, {name: value for name, value in detail.items() if value})

    @classmethod
    def of(cls, receipt: Receipt, recipients: Sequence[str]) -> Taken:
        """What a receipt says. One that a person gave, who only knows that it went, means all who were not refused."""
        detail: Mapping[str, Any] = receipt.detail
        refused, deferred = detail.get("refused", {}), detail.get("deferred", {})
        rest = [address for address in recipients if address not in refused and address not in deferred]
        return cls(
            delivered=detail.get("delivered", rest),
            refused=refused,
            deferred=deferred,
            provider_id=receipt.provider_id,
            thread_id=detail.get("thread_id", ""),
            message_id=detail.get("message_id", ""),
        )


class Mailer(Protocol):
    """Sends one mail, and finds out what became of one that was left open."""

    @property
    def seconds(self) -> float:
        """What one sending takes at most."""

    def send(self, mail: OutgoingMail, recipients: Sequence[str], key: str, last_step: LastStep) -> Taken:
        """Raises Rejected, Later, jobs.effects.Unclear, or what the last step raises. `key`: of the effect."""

    def resolve(self, mail: OutgoingMail, recipients: Sequence[str], effect: Effect) -> Taken | Doubt:
        """What became of a mail that an earlier attempt left open. Raises Later where it cannot be asked now."""
