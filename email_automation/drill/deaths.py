"""Named points of a mail's way out at which its process dies, now and then: kill -9, once for each mail and point."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from jobs.drill import outside

DEATHS = "deaths"  # the file that says who died where
CHANCE = 0.03

# The point, the function there, and whether it is before or after it.
POINTS = {
    "before anything": ("email_automation.sending.delivery", "_hand_over", "before"),
    "before the dot": ("email_automation.sending.outgoing", "hand_over", "after"),
    "after the answer": ("email_automation.mailers.smtp.SmtpMailer", "send", "after"),
    "after the effect": ("email_automation.sending.delivery", "_note", "before"),
    "after the row": ("email_automation.sending.outgoing", "settle", "after"),
    "after the draft": ("email_automation.mailers.gmail", "_have_draft", "after"),
    "after Gmail's answer": ("email_automation.mailers.gmail.GmailMailer", "send", "after"),
}


def arm() -> None:
    """Lay the points into this process. Each function's mail is its first argument, or its second in a method."""
    for point, (owner, name, when) in POINTS.items():
        place = _resolve(owner)
        setattr(place, name, _deadly(getattr(place, name), point, when))


def _deadly(function: Callable[..., Any], point: str, when: str) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        mail = next(one for one in args if hasattr(one, "waiting_recipients"))
        if when == "before":
            _die(point, mail.subject)
            return function(*args, **kwargs)
        answer = function(*args, **kwargs)
        _die(point, mail.subject)
        return answer

    return run


def _die(point: str, key: str) -> None:
    """The dice are the mail's own, so that a drill can be repeated."""
    if random.Random(f"{key} {point}").random() >= CHANCE:  # noqa: S311 - a plan, no secret
        return
    file = Path(os.environ["DRILL_FOLDER"]) / DEATHS
    if outside.has(file, f"{key}@{point}"):
        return
    outside.add(file, durable=True, key=f"{key}@{point}", mail=key, point=point)
    os.kill(os.getpid(), signal.SIGKILL)


def _resolve(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name) if name[0].isupper() else import_module(path)
