"""`manage.py drill`: break everything around some jobs, on a scratch set-up, and count what was lost or done twice."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.drill import conduct, report, scenarios
from jobs.drill.programs import ProgramBroken
from jobs.drill.redis_server import ServerMissing

VENDORS = {"postgres": "postgresql", "sqlite": "sqlite"}
ENDS = (signal.SIGINT, signal.SIGTERM)


class Command(BaseCommand):
    help = (
        "Stream jobs through servers, workers and dispatchers of its own, break them at random, wait until all is "
        "settled, and count. Touches nothing of this installation. Exits with 0 only if nothing was lost or doubled."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=int, default=500, help="how many jobs (default 500)")
        parser.add_argument("--faults", type=int, default=30, help="how many faults (default 30)")
        parser.add_argument("--seed", type=int, help="repeats a drill's jobs and faults (default: a new one, printed)")
        parser.add_argument("--database", choices=list(VENDORS), default="sqlite", help="default sqlite")
        parser.add_argument(
            "--scenario",
            choices=scenarios.names(),
            default=scenarios.PLATFORM,
            help=f"what is tried: {', '.join(scenarios.names())} (default {scenarios.PLATFORM})",
        )
        parser.add_argument("--compare", action="store_true", help="do the same to plain Celery, and print both")
        parser.add_argument("--json", action="store_true", help="end standard output with one line of JSON")

    def handle(
        self,
        *,
        jobs: int,
        faults: int,
        seed: int | None,
        database: str,
        scenario: str,
        compare: bool,
        **options: Any,
    ) -> None:
        if jobs < 1 or faults < 0:
            raise CommandError("--jobs is to be 1 or more, and --faults 0 or more.", returncode=2)
        if compare and scenario != scenarios.PLATFORM:
            raise CommandError(f"--compare is for --scenario {scenarios.PLATFORM} only.", returncode=2)
        for number in ENDS:
            signal.signal(number, _interrupt)
        seed = secrets.randbelow(100_000) if seed is None else seed
        wanted = conduct.Wanted(jobs, faults, seed, VENDORS[database])
        self.stderr.write(f"{jobs:,} jobs, {faults:,} faults, {database}, --seed {seed}")
        try:
            ours = scenarios.find(scenario)(wanted, self.stderr.write)
            plain = conduct.plain(wanted, self.stderr.write) if compare else None
        except ServerMissing as error:
            raise CommandError(str(error), returncode=2) from None
        except (ProgramBroken, TimeoutError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            sys.exit(130)
        for line in report.for_people(ours, plain):
            self.stdout.write(line)
        if options["json"]:
            self.stdout.write(json.dumps(report.for_programs(ours, plain)))
        if not ours.verdict.is_clean:
            sys.exit(1)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Others that follow, as the second of `timeout`, do not interrupt the clearing up."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
