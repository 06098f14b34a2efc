"""Who else wants to know when a lead moves: the CRM does not know the apps that are built on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from crm.models import Lead

Listener = Callable[[Sequence[Lead], datetime], None]

_listeners: list[Listener] = []


def on_moved(listener: Listener) -> None:
    """Have a function called with leads that are new or in another stage, and since when.

    Call it from the app's `AppConfig.ready`. It is called in the transaction that moves them, while they are locked.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def moved(leads: Sequence[Lead], since: datetime) -> None:
    """Tell that leads are new, or in another stage, and saved."""
    if leads:
        for listener in _listeners:
            listener(leads, since)
