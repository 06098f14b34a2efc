"""`manage.py doctor`: what is wrong, and what to do."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from rich.text import Text

from fikiri import health
from jobs import doctor
from jobs.doctor import Finding
from jobs.terminal import AnsweringCommand, printable

REMEDIES = {
    "database": "Start the database, or correct DATABASE_URL.",
    "migrations": "Run manage.py migrate.",
    "broker": "Start Redis, or correct REDIS_URL.",
}


class Command(AnsweringCommand):
    help = "Say what keeps jobs from running or succeeding, and the remedy. Exits with 0 if nothing does, else with 1."

    def ask(self, **_: Any) -> dict[str, Any]:
        self._findings = _examine()
        return {"findings": [asdict(finding) for finding in self._findings]}

    def show(self, answer: dict[str, Any]) -> None:
        for finding in self._findings:
            self.render(
                Text.assemble(("✗ " if finding.bad else "• ", "red" if finding.bad else ""), printable(finding.text))
            )
            self.stdout.write(f"  {printable(finding.remedy)}")
        if not self._findings:
            self.stdout.write("All is well.")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if any(finding.bad for finding in self._findings):
            sys.exit(1)


def _examine() -> list[Finding]:
    """What the process needs comes first: without a database nothing more can be asked, not even for its tables."""
    for name in ("database", "migrations"):
        if (answer := health.CHECKS[name]()) != "ok":
            return [Finding(name, f"{name.capitalize()}: {answer}.", REMEDIES[name])]
    return doctor.examine()
