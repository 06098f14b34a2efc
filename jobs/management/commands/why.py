"""`manage.py why JOB`: what keeps a job from running, and what to do about it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import checks, services, why
from jobs.errors import Refused


class Command(BaseCommand):
    requires_system_checks = checks.OF_COMMANDS
    help = "Say why a job has not run: every gate between it and a worker, and the first that is shut."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", help="its id, or your own id for it")
        parser.add_argument("--json", action="store_true", help="one JSON object for programs")

    def handle(self, *, job: str, json: bool, **_: Any) -> None:
        try:
            found = why.explain(services.find(job))
        except Refused as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(_for_programs(found) if json else _for_people(found))


def _for_programs(found: why.Explanation) -> str:
    return json.dumps(found.as_dict(details=True))


def _for_people(found: why.Explanation) -> str:
    lines = [found.text]
    if found.in_the_way and found.in_the_way.remedy:
        lines.append(found.in_the_way.remedy)
    if found.ahead is not None:
        soon = f", about {found.estimate:g} s" if found.estimate is not None else ""
        lines.append(f"Jobs of its queue that go first: {found.ahead:,}{soon}")
    if len(found.gates) > 1:
        lines += ["", *(f"  {'shut' if gate.shut else 'open'}  {gate.name:<13} {gate.text}" for gate in found.gates)]
    return "\n".join(lines)
