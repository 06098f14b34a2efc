"""What a drill can be about: the platform's own jobs, and what products add to them."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.module_loading import import_string

from jobs.drill.conduct import Outcome, Say, Wanted

PLATFORM = "jobs"

_paths = {PLATFORM: "jobs.drill.conduct.ours"}


def register(name: str, path: str) -> None:
    """Add a scenario: a dotted path, which is imported when somebody asks for it."""
    _paths[name] = path


def names() -> list[str]:
    return sorted(_paths)


def find(name: str) -> Callable[[Wanted, Say], Outcome]:
    scenario: Callable[[Wanted, Say], Outcome] = import_string(_paths[name])
    return scenario
